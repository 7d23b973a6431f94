"""Judges whether a lane writes the text of plain decoding, where rounding alone may make two texts differ.

* imports neither Qt nor torch.

Where plain decoding repeats itself exactly, every divergence counts. Where two plain runs differ too, those of the lane
count if they come more often for the tokens compared than those between the plain runs, by more than chance: texts are
compared up to their first divergence, so that an early one weighs more than a late one."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from engine.runs.divergence import first_difference

Ids: TypeAlias = Sequence[int]
_SIGNIFICANT = 0.05


class ComparedText(NamedTuple):
    """The ids that a lane and plain decoding wrote after one prompt. again: those of a second plain run, None where
    numbers are exact and none was made. margin: the target's top-2 logit margin where the lane first
    diverges."""

    lane: Ids
    plain: Ids
    again: Ids | None = None
    margin: float | None = None


class Sameness(NamedTuple):
    """Whether a lane's texts are those of plain decoding. same: None where there are too few texts to tell.

    n_plain_differing: texts that differ between two plain runs, None where there was one. first_divergence, margin: of
    the text whose divergence rounding explains least, the one with the largest margin."""

    same: bool | None
    n_texts: int = 0
    n_differing: int = 0
    n_plain_differing: int | None = None
    first_divergence: int | None = None
    margin: float | None = None


class _Divergences(NamedTuple):
    """How many texts differ from the plain ones, over how many tokens up to there."""

    n: int
    n_tokens: int


def sameness(texts: Sequence[ComparedText]) -> Sameness:
    """Judge a lane over all its texts, at least one; greedy decoding only."""
    repeated = [text for text in texts if text.again is not None]
    lane = _divergences([(text.lane, text.plain) for text in texts])
    plain = _divergences([(text.again, text.plain) for text in repeated if text.again is not None])
    place, margin = _worst(texts)
    n_plain = plain.n if repeated else None
    return Sameness(_same(lane, plain), len(texts), lane.n, n_plain, place, margin)


def _divergences(pairs: Sequence[tuple[Ids, Ids]]) -> _Divergences:
    places = [first_difference(ids, plain) for ids, plain in pairs]
    n_tokens = sum(len(plain) if place is None else place + 1 for place, (_, plain) in zip(places, pairs, strict=True))
    return _Divergences(sum(place is not None for place in places), n_tokens)


def _same(lane: _Divergences, plain: _Divergences) -> bool | None:
    if not lane.n:
        return True
    if not plain.n:
        return False
    if lane.n * plain.n_tokens <= plain.n * lane.n_tokens:
        return True
    # If both diverge at one rate, each divergence belongs to the lane by its share of the tokens compared.
    from scipy import special  # imported late: it takes a tenth of a second

    share = lane.n_tokens / (lane.n_tokens + plain.n_tokens)
    p_value = float(special.bdtrc(lane.n - 1, lane.n + plain.n, share))
    return False if p_value <= _SIGNIFICANT else None


def _worst(texts: Sequence[ComparedText]) -> tuple[int | None, float | None]:
    """Where the text with the largest margin diverges, and that margin; the first text where no margin is known."""
    worst: tuple[int | None, float | None] = (None, None)
    for text in texts:
        place = first_difference(text.lane, text.plain)
        if place is None:
            continue
        if worst[0] is None or (text.margin or 0.0) > (worst[1] or 0.0):
            worst = (place, text.margin)
    return worst
