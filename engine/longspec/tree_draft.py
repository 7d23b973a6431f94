"""Drafts a tree with a LongSpec block: each node sees the window of the text, the nodes that lead to it, and all of the
target's keys.

Keys and values of nodes lie beside the ring, and are dropped with the draft: they follow from token and place alone, so
that the next draft writes those of the accepted nodes at once. Source: arXiv:2502.17421, sections 3.1 and 3.3."""

from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.drafting import Draft
from engine.decoding.tree_draft import GrowingTree, TreeSettings
from engine.longspec.block import CrossAttention
from engine.longspec.chain_draft import BlockInUse, Places
from engine.longspec.ring import KvRing, attended


class TreeInputs(NamedTuple):
    """What a tree is grown from. token: [1], the last committed id; places: of it and of each depth but the last, [n];
    attend_target: to the target's keys, the same for every node."""

    token: Tensor
    places: Places
    attend_target: CrossAttention
    settings: TreeSettings


class _NodeStates:
    """The keys and values of the nodes so far, [nodes, H_kv, D] each, as the next ones attend to them."""

    def __init__(self, ring: KvRing, places: Places) -> None:
        self._ring = ring
        self._bias = ring.bias(places.positions, last=places.positions[:1])
        self._keys: list[Tensor] = []
        self._values: list[Tensor] = []

    def attended(self, queries: Tensor, keys: Tensor, values: Tensor, *, depth: int, seen: Tensor) -> Tensor:
        """Add the keys and values [w, H_kv, D] of new nodes; the values mixed for their queries, [w, H, D].

        seen: [w, nodes] bool, which nodes each attends to, itself included."""
        self._keys.append(keys)
        self._values.append(values)
        in_tree = queries.new_zeros(seen.shape).masked_fill_(~seen, -torch.inf)
        bias = torch.cat([self._bias[depth : depth + 1].expand(len(seen), -1), in_tree], 1)
        all_keys = torch.cat([self._ring.keys, *self._keys])
        all_values = torch.cat([self._ring.values, *self._values])
        n_groups = queries.shape[1] // keys.shape[1]
        return attended(queries, all_keys, all_values, bias.repeat(n_groups, 1))


def draft(use: BlockInUse, ring: KvRing, inputs: TreeInputs) -> Draft:
    """Grow a tree, one forward of the block a depth."""
    tree, states, tokens = GrowingTree(inputs.settings), _NodeStates(ring, inputs.places), inputs.token
    for depth in range(len(inputs.settings.widths)):
        place, seen = inputs.places.rows(depth, depth + 1), tree.last_nodes().seen

        def attend_self(
            queries: Tensor,
            keys: Tensor,
            values: Tensor,
            place: Places = place,
            seen: Tensor = seen,
            depth: int = depth,
        ) -> Tensor:
            """Attention of the nodes of this depth to the text and the nodes above them, whose keys join the others."""
            if depth:
                return states.attended(queries, keys, values, depth=depth, seen=seen)
            ring.write(keys, values, place.positions)
            return ring.attended(queries, ring.bias(place.positions))

        hidden = use.block(use.embed(tokens), place.turns, attend_self, inputs.attend_target)
        tokens = tree.grow(use.head(hidden))
    return tree.draft()
