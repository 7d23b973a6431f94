"""Finds where two texts part.

* imports neither Qt nor torch."""

from collections.abc import Sequence


def first_difference(ids: Sequence[int], other: Sequence[int]) -> int | None:
    """The index of the first id that differs, or that only one of the two has; None if they are equal."""
    if tuple(ids) == tuple(other):
        return None
    pairs = enumerate(zip(ids, other, strict=False))
    return next((i for i, (left, right) in pairs if left != right), min(len(ids), len(other)))
