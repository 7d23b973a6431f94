"""What the new ids of a tree attend to, and which drafted tokens lead to each, found on the device without a wait."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding import draft_tree


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


def below_last_id(parents: Tensor) -> Tree:
    """The tree of the last committed id, at depth 0, and the drafted nodes below it. parents: [n], see `draft_tree`."""
    seen = functional.pad(draft_tree.ancestors(parents), (1, 0, 1, 0))
    seen[:, 0].fill_(True)
    return Tree(seen.sum(-1) - 1, seen)


def paths_to(parents: Tensor, widths: Sequence[int]) -> list[Tensor]:
    """The nodes that lead to each node, itself last, [1 and more] each.

    parents: [n], of nodes that lie depth by depth; widths: how many there are at each."""
    paths: list[Tensor] = []
    start = 0
    for depth, width in enumerate(widths):
        steps = [torch.arange(start, start + width, device=parents.device)]
        for _ in range(depth):
            steps.append(parents.index_select(0, steps[-1]))
        paths += torch.stack(steps[::-1], 1).unbind(0)
        start += width
    return paths
