"""Computes which positions new ids attend to, with or without a window."""

from typing import NamedTuple

import torch
from torch import Tensor

# On a CPU a few new ids attend by a mask that is small; more of them by a kernel that needs none.
MOST_MASKED = 32


class AttendedSpan(NamedTuple):
    """What a layer attends to: positions from `first` on, with `mask` [n, positions], True where an id attends.

    mask is None where each id attends up to its own position."""

    first: int
    mask: Tensor | None


def span(n: int, start: int, window: int | None, device: torch.device) -> AttendedSpan:
    """What n new ids after `start` others attend to in a layer that attends to `window` positions.

    A chain has no mask unless a window ends within it: the mask of a prefill would grow with the context."""
    first = first_attended(start, window)
    unwindowed = window is None or start + n <= window
    if n == 1 or (unwindowed and (device.type != "cpu" or n > MOST_MASKED)):
        return AttendedSpan(first, None)
    mask = torch.ones(n, start + n - first, dtype=torch.bool, device=device).tril(start - first)
    return AttendedSpan(first, mask if window is None else mask.triu(start - first - window + 1))


def first_attended(position: int, window: int | None) -> int:
    """The first position that an id at `position` attends to."""
    return 0 if window is None else max(0, position - window + 1)
