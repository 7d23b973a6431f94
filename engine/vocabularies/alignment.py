"""Finds the target's tokens of a text that a drafter wrote in its own."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.vocabularies.text_encoder import TextEncoder, character_start, n_unfinished

_LOOK_BEHIND = 10


class AlignedToken(NamedTuple):
    """A token of the target, and where it begins and ends in the drafted bytes."""

    id: int
    start: int
    end: int


def aligned(
    encoder: TextEncoder, run: bytes | bytearray, target_ends: Sequence[int], drafted: bytes
) -> list[AlignedToken]:
    """The target's tokens of `drafted`, which follows the bytes of `run`; none where they would not begin with it.

    target_ends: where the run's own tokens end. The text is encoded together with the last of them: a token that would
    reach from one into the other is none that the target can write now."""
    drafted = drafted[: max(0, len(drafted) - n_unfinished(bytes(run[-3:]) + drafted))]
    if not drafted:
        return []
    start = target_ends[-_LOOK_BEHIND - 1] if len(target_ends) > _LOOK_BEHIND else 0
    start = character_start(run, start)
    behind = bytes(run[start:])
    ids = _encoded(encoder, behind + drafted, is_beginning=start == 0)
    if ids is None:
        return []
    ends = [at - len(behind) for at in encoder.spelling.ends_of(ids)]
    tokens = zip(ids, [-len(behind), *ends[:-1]], ends, strict=True)
    following = [AlignedToken(*token) for token in tokens if token[2] > 0]
    return following if following and following[0].start == 0 else []


def _encoded(encoder: TextEncoder, text: bytes, *, is_beginning: bool) -> list[int] | None:
    """Ids that spell exactly this text."""
    begun = encoder.beginning(text) if is_beginning else None
    return begun.ids if begun is not None and not begun.n_extra else encoder.inside(text)
