"""Measures how often a drafter predicts the target's token, on the target's own greedy text after held-out beginnings.

In greedy decoding every tested position follows text that the target wrote, so one forward over that text shows which
drafted tokens would be accepted."""

from collections.abc import Generator, Sequence
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine import statistics
from engine.decoding.transfers import uploaded
from engine.errors import InputError
from engine.events import Progressed
from engine.models.loading import LoadedModel
from engine.statistics import Interval
from engine.training import beginnings
from engine.training.pausing import Pause, finished, no_pause
from engine.training.target_text import up_to_end
from engine.training.target_text import writing as target_writing

_N_NEW = 64
_N_AT_ONCE = 32
# Of each of the lengths after which a drafter for long texts is scored as well; at once: memory grows with the length.
N_LONG, _N_LONG_AT_ONCE = 4, 4


class Agreement(NamedTuple):
    """For each held-out text: its number of positions, at how many the drafter's first choice is the target's, and the
    sum over positions of sum(min(p, q)) at temperature 1."""

    counted: tuple[int, ...]
    agreed: tuple[int, ...]
    overlapped: tuple[float, ...]

    @property
    def alpha(self) -> float:
        """Share of positions at which drafter and target agree."""
        return sum(self.agreed) / max(1, sum(self.counted))

    @property
    def alpha_ci(self) -> Interval | None:
        """Interval over texts; None below ten."""
        return statistics.cluster_interval(self.agreed, self.counted)

    @property
    def overlap(self) -> float:
        """Mean acceptance probability at temperature 1."""
        return sum(self.overlapped) / max(1, sum(self.counted))


class HeldOutTexts:
    """Held-out beginnings, and as the target continues them: up to a stop token or some dozens of tokens.

    n_long: how many of them, the last ones, are long; a drafter is scored on these too, but not timed."""

    def __init__(
        self,
        target: LoadedModel,
        beginnings: Sequence[Sequence[int]],
        texts: Sequence[Sequence[int]],
        n_long: int = 0,
    ) -> None:
        self.beginnings, self.texts = beginnings, texts
        self.timed = beginnings[: len(beginnings) - n_long]
        self._target = target

    def agreement(self, drafter: nn.Module, *, overlap: bool = False, pause: Pause = no_pause) -> Agreement:
        """Compare a drafter with the target; `overlap` costs a forward of the target, without it the overlap is 0.

        pause: called after every text."""
        return finished(self.agreeing(drafter, overlap=overlap), pause)

    def agreeing(self, drafter: nn.Module, *, overlap: bool = False) -> Generator[Progressed, None, Agreement]:
        """Yield progress, and return what `agreement` does."""
        n_positions: list[int] = []
        agreements: list[int] = []
        overlaps: list[float] = []
        for beginning, ids in zip(self.beginnings, self.texts, strict=True):
            positions = slice(len(beginning) - 1, len(ids) - 1)
            n_agreed, overlap_sum = self._compare(drafter, torch.tensor(ids), positions, overlap=overlap)
            n_positions.append(len(ids) - len(beginning))
            agreements.append(n_agreed)
            overlaps.append(overlap_sum)
            yield Progressed("measuring", len(overlaps), len(self.texts), "held-out texts")
        return Agreement(tuple(n_positions), tuple(agreements), tuple(overlaps))

    @torch.no_grad()
    def _compare(self, drafter: nn.Module, row: Tensor, positions: slice, *, overlap: bool) -> tuple[int, float]:
        device = next(drafter.parameters()).device
        ids = uploaded(row[None], device)
        n_kept = len(row) - positions.start
        q = drafter(input_ids=ids, use_cache=False, logits_to_keep=n_kept).logits[0, :-1].float()
        agreements = (q.argmax(-1) == ids[0, positions.start + 1 : positions.stop + 1]).sum().double()
        overlap_sum = agreements.new_zeros(())
        if overlap:
            read = self._target.model(input_ids=ids.to(self._target.device), use_cache=False, logits_to_keep=n_kept)
            p = read.logits[0, :-1].float()
            n_shared = min(p.shape[-1], q.shape[-1])  # vocabularies may be padded to different sizes
            shared = p.to(device).softmax(-1)[..., :n_shared], q.softmax(-1)[..., :n_shared]
            overlap_sum = torch.minimum(*shared).sum().double()
        n_agreed, total_overlap = torch.stack([agreements, overlap_sum]).tolist()  # sync: once a held-out text
        return int(n_agreed), total_overlap


def writing(
    target: LoadedModel, documents: Sequence[Sequence[int]], *, longest: int = 0, n_long: int = N_LONG
) -> Generator[Progressed, None, HeldOutTexts]:
    """Let the target continue the documents' beginnings; yields progress. Raises InputError if none holds a token.

    longest: adds n_long beginnings of documents that reach this length, and a quarter of it; 0: none."""
    starts = _beginnings(documents, target)
    n_new = min(_N_NEW, target.context - max(map(len, starts)))
    groups = _groups(starts, _N_AT_ONCE)
    for length in (longest // 4, longest):
        groups += _groups(_long_beginnings(documents, length - n_new, n_long), _N_LONG_AT_ONCE)
    n_all, texts = sum(map(len, groups)), list[list[int]]()
    for group in groups:
        rows = yield from _written(target, group, n_new, len(texts), n_all)
        pairs = zip(group, rows, strict=True)
        texts += [ids[: up_to_end(ids, target.stop_ids, first=len(start))] for start, ids in pairs]
    return HeldOutTexts(target, [start for group in groups for start in group], texts, n_all - len(starts))


def _written(
    target: LoadedModel, group: Sequence[list[int]], n_new: int, n_before: int, n_all: int
) -> Generator[Progressed, None, list[list[int]]]:
    """Continue some beginnings. n_before: texts written before them, of n_all."""
    steps = target_writing(target, group, n_new)
    while True:
        try:
            n_tokens = n_before * n_new + len(group) * next(steps)
        except StopIteration as end:
            rows: list[list[int]] = end.value
            return rows
        yield Progressed("measuring", n_tokens, n_all * n_new, "tokens of held-out text")


def written(target: LoadedModel, documents: Sequence[Sequence[int]], pause: Pause = no_pause) -> HeldOutTexts:
    """Let the target continue the documents' beginnings. pause: called after every forward."""
    return finished(writing(target, documents), pause)


def _beginnings(documents: Sequence[Sequence[int]], target: LoadedModel) -> list[list[int]]:
    """The beginning of every document that is long enough: of plain text, at most half the median length."""
    lengths = sorted(len(ids) for ids in documents if ids)
    if not lengths:
        raise InputError("no held-out document holds a token", "add more text")
    if target.asked_template is not None:
        asked = [beginnings.of(target, ids) for ids in documents if ids]
        return [ids for ids in asked if len(ids) < target.context] or [ids[: target.context // 2] for ids in asked]
    length = max(1, min(beginnings.LONGEST, lengths[len(lengths) // 2] // 2, target.context // 2))
    return [list(ids[:length]) for ids in documents if len(ids) >= length]


def _long_beginnings(documents: Sequence[Sequence[int]], length: int, n: int) -> list[list[int]]:
    """The beginnings of this length of at most n documents; none where none is so long."""
    enough = (list(ids[:length]) for ids in documents if length > beginnings.LONGEST and len(ids) >= length)
    return list(islice(enough, n))


def _groups(rows: Sequence[list[int]], n: int) -> list[Sequence[list[int]]]:
    return [rows[first : first + n] for first in range(0, len(rows), n)]
