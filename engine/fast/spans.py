"""Computes which positions new ids attend to, as a chain or a tree, with or without a window."""

from typing import NamedTuple

import torch
from torch import Tensor

# On a CPU a few new ids attend by a mask that is small; more of them by a kernel that needs none.
MOST_MASKED = 32


class Tree(NamedTuple):
    """New ids in a tree: depths [n] int64, 0 for an id that follows the cache; seen [n, n] bool, row i: which of the
    new ids the i-th attends to, itself included."""

    depths: Tensor
    seen: Tensor


class AttendedSpan(NamedTuple):
    """What a layer attends to: positions from `first` on, with `mask` [n, positions], True where an id attends.

    mask is None where each id attends up to its own position."""

    first: int
    mask: Tensor | None


def span(n: int, start: int, window: int | None, tree: Tree | None, device: torch.device) -> AttendedSpan:
    """What n new ids after `start` others attend to in a layer that attends to `window` positions.

    A chain has no mask unless a window ends within it: the mask of a prefill would grow with the context."""
    first = 0 if window is None else max(0, start - window + 1)
    unwindowed = window is None or start + n <= window
    if n == 1 or (tree is None and unwindowed and (device.type != "cpu" or n > MOST_MASKED)):
        return AttendedSpan(first, None)
    if tree is not None:
        return AttendedSpan(first, _tree_mask(tree, start, first, window))
    mask = torch.ones(n, start + n - first, dtype=torch.bool, device=device).tril(start - first)
    return AttendedSpan(first, mask if window is None else mask.triu(start - first - window + 1))


def _tree_mask(tree: Tree, start: int, first: int, window: int | None) -> Tensor:
    """Which of the positions from `first` on each id of a tree attends to: [n, start - first + n]."""
    n, device = tree.depths.shape[0], tree.depths.device
    cached = torch.ones(n, start - first, dtype=torch.bool, device=device)
    mask = torch.cat([cached, tree.seen], -1)
    if window is None:
        return mask
    positions = torch.cat([torch.arange(first, start, device=device), start + tree.depths])
    return mask & (positions[None] > start + tree.depths[:, None] - window)
