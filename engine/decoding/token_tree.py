"""Trees of drafted tokens on the device: how deep each node lies and which nodes it follows, without a wait.

Nodes lie depth by depth: all of the first depth, then all of the second. Source: arXiv:2305.09781, section 4.2."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.transfers import uploaded_ids


class Tree(NamedTuple):
    """New ids in a tree that follows the cached ids: depths [m + n] int64, 0 for an id right after them.

    seen: [n, m + n] bool, row i: which nodes the i-th new id attends to, itself included. The first m nodes, 0 where
    all are new, are the last m ids of the cache already."""

    depths: Tensor
    seen: Tensor

    @property
    def n_cached(self) -> int:
        """How many of its nodes, m, are in the cache."""
        return self.seen.shape[1] - self.seen.shape[0]

    @property
    def new_depths(self) -> Tensor:
        """The depths of the new ids, [n]."""
        return self.depths[self.n_cached :]


def node_depths(widths: Sequence[int], device: torch.device) -> Tensor:
    """The depth of each node, 0 at the first depth: [n] int64. widths: how many nodes there are at each depth."""
    return uploaded_ids([depth for depth, width in enumerate(widths) for _ in range(width)], device)


def below_last_id(parents: Tensor, depths: Tensor, *, n_depths: int) -> Tree:
    """The tree of the last committed id, at depth 0, and the nodes below it.

    parents: [n], -1 for the children of that id; depths: [n], 0 for them, as `node_depths` returns; n_depths: how many
    different ones there are."""
    whole = torch.cat([depths.new_zeros(1), depths + 1])
    return Tree(whole, _closure(parents, most_steps=n_depths))


def _closure(parents: Tensor, *, most_steps: int) -> Tensor:
    """Which nodes lie on the path to each: [n + 1, n + 1] bool, the last committed id first, each on its own path."""
    n = parents.shape[0] + 1
    nodes = torch.arange(n, device=parents.device)
    reached = torch.eye(n, device=parents.device)
    reached[1:] += (parents + 1).unsqueeze(1) == nodes
    for _ in range(max(0, most_steps - 1).bit_length()):  # each squaring doubles the steps that are taken
        reached = (reached @ reached).clamp_max(1.0)
    return reached > 0


def paths_to(parents: Tensor, widths: Sequence[int]) -> list[Tensor]:
    """The nodes on the way to each node of a tree, itself last; those of depth d have d + 1. parents: [n]."""
    paths: list[Tensor] = []
    start = 0
    for depth, width in enumerate(widths):
        steps = [torch.arange(start, start + width, device=parents.device)]
        for _ in range(depth):
            steps.append(parents.index_select(0, steps[-1]))
        paths += torch.stack(steps[::-1], 1).unbind(0)
        start += width
    return paths
