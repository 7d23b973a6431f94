"""Counts rounds by what they accepted, by position and by draft length; bounded, however long a run gets.

* imports neither Qt nor torch."""

import msgspec

_MAX_POSITIONS = 256


class Position(msgspec.Struct, frozen=True):
    """The fate of the tokens at one position of the draft, over all rounds."""

    n_accepted: int = 0
    n_tested: int = 0


class RoundKind(msgspec.Struct, frozen=True):
    """Rounds that contribute the same to alpha."""

    n_accepted: int
    n_tested: int
    n_rounds: int


def count_length(lengths: tuple[int, ...], length: int) -> tuple[int, ...]:
    """The numbers of rounds by draft length, with one more; those of 0 are not counted."""
    if not length:
        return lengths
    place = min(length, _MAX_POSITIONS) - 1
    padded = lengths + (0,) * (place + 1 - len(lengths))
    return (*padded[:place], padded[place] + 1, *padded[place + 1 :])


def count_kind(kinds: tuple[RoundKind, ...], accepted: int, tested: int) -> tuple[RoundKind, ...]:
    """The rounds by what they contribute to alpha, with one more."""
    for i, kind in enumerate(kinds):
        if (kind.n_accepted, kind.n_tested) == (accepted, tested):
            return (*kinds[:i], RoundKind(accepted, tested, kind.n_rounds + 1), *kinds[i + 1 :])
    return (*kinds, RoundKind(accepted, tested, 1))


def count_positions(
    positions: tuple[Position, ...], accepted: int, tested: int, *, first: int = 0
) -> tuple[Position, ...]:
    """The fates by position, with those of one more round. first: tokens at its start that were kept untested."""
    n = min(_MAX_POSITIONS, max(len(positions), first + tested))
    padded = positions + (Position(),) * (n - len(positions))
    return tuple(
        Position(old.n_accepted + (first <= i < first + accepted), old.n_tested + (first <= i < first + tested))
        for i, old in enumerate(padded)
    )
