"""Says what the acceptance by position of a lane looks like, and what that usually means.

* imports neither Qt nor torch."""

from collections.abc import Sequence

from engine.events.comparison import Shape


def shape_of(positions: Sequence[tuple[int, int]]) -> tuple[Shape, int]:
    """The shape of (accepted, tested) by position, and the first position of a cliff, 0 for any other shape."""
    del positions
    return "unclear", 0


def meaning(shape: Shape, at: int) -> str:
    """What a shape usually means."""
    del at
    return str(shape)
