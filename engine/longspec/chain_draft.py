"""Drafts a chain with a LongSpec block: places, what each step attends to, and the tokens it draws.

Nothing is read back, and no shape depends on a value, so that a device may replay it."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from engine.decoding import autoregressive_draft
from engine.decoding.autoregressive_draft import DraftStep
from engine.decoding.drafting import Draft
from engine.decoding.sampling import Warp
from engine.fast.families import Rope
from engine.longspec.block import CrossAttention, Turns, turns_of
from engine.longspec.joined_block import JoinedBlock
from engine.longspec.ring import KvRing


class Places(NamedTuple):
    """Positions [n] int64, and how they turn."""

    positions: Tensor
    turns: Turns

    def rows(self, first: int, end: int) -> "Places":
        """Some of them."""
        return Places(self.positions[first:end], self.turns.rows(first, end))


class BlockInUse(NamedTuple):
    """A block with all it drafts with: its target's rope, embedding and head, and the target's number of tokens."""

    block: JoinedBlock
    rope: Rope
    embed: Callable[[Tensor], Tensor]
    head: Callable[[Tensor], Tensor]
    n_vocabulary: int

    def places(self, positions: Tensor) -> Places:
        """Places at positions [n]."""
        return Places(positions, turns_of(self.rope, positions, self.block.dtype))


def write(use: BlockInUse, ring: KvRing, ids: Tensor, places: Places) -> None:
    """Write the keys and values of committed ids [n] at as many places."""
    ring.write(*use.block.new_kv(use.embed(ids), places.turns), places.positions)


class ChainInputs(NamedTuple):
    """What a chain of n tokens is drawn from. token: [1] int64, the last committed id; places: of it and of all drafted
    tokens but the last, [n]; attend_target: to the target's keys, the same for every step; u: [n] float64. stop_below:
    ends it by confidence, see `DraftContext`; it is then no work that a device may replay."""

    token: Tensor
    places: Places
    attend_target: CrossAttention
    u: Tensor
    warp: Warp
    stop_below: float = 0.0


def draft(use: BlockInUse, ring: KvRing, inputs: ChainInputs) -> Draft:
    """Draw a chain of n tokens, n >= 1, one after another."""
    bias, token, steps = ring.bias(inputs.places.positions), inputs.token, list[DraftStep]()
    for i in range(inputs.u.shape[0]):
        place = inputs.places.rows(i, i + 1)

        def attend_self(
            queries: Tensor, keys: Tensor, values: Tensor, place: Places = place, row: Tensor = bias[i : i + 1]
        ) -> Tensor:
            ring.write(keys, values, place.positions)
            return ring.attended(queries, row)

        hidden = use.block(use.embed(token), place.turns, attend_self, inputs.attend_target)
        logits = use.head(hidden)[0]
        steps.append(autoregressive_draft.step(logits, inputs.u[i], inputs.warp, n_vocabulary=use.n_vocabulary))
        if autoregressive_draft.is_unsure(steps[-1], inputs.warp, inputs.stop_below):
            break
        token = steps[-1].token.view(1)
    return autoregressive_draft.joined(steps, inputs.warp, n_vocabulary=use.n_vocabulary)
