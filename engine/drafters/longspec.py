"""LongSpec: one block that attends to a window of the text and to the target's last layer drafts; its memory is fixed.

Its own keys and values lie in a ring, and a prompt costs those of its last window. It drafts chains, from the host: on
CUDA its steps are launched one by one, without a wait, while verifying is replayed as a graph.
Source: arXiv:2502.17421, section 3.1."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding import autoregressive_draft
from engine.decoding.autoregressive_draft import DraftStep
from engine.decoding.drafting import Capabilities, Draft, DraftContext, LastKv, TargetState, no_draft
from engine.decoding.transfers import uploaded_together
from engine.drafters import DrafterSpec
from engine.fast.families import Rope
from engine.longspec import files, shape, target_fit
from engine.longspec.block import LongspecBlock, Turns, turns_of
from engine.longspec.ring import KvRing, attended
from engine.models import checks
from engine.models.checkpoint_folder import Checkpoint
from engine.models.loading import LoadedModel


class _Places(NamedTuple):
    """Positions [n] int64, and how they turn."""

    positions: Tensor
    turns: Turns

    def rows(self, first: int, end: int) -> "_Places":
        """Some of them."""
        return _Places(self.positions[first:end], self.turns.rows(first, end))


class _StepAttention:
    """What one drafted token attends to: its own row of the ring's bias, and all that is left of the target."""

    def __init__(self, ring: KvRing, bias: Tensor, position: Tensor, target_kv: LastKv) -> None:
        self._ring, self._bias, self._position, self._target_kv = ring, bias, position, target_kv

    def to_itself(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Write the token's keys and values, and attend to those of its window."""
        self._ring.write(keys, values, self._position)
        return self._ring.attended(queries, self._bias)

    def to_target(self, queries: Tensor) -> Tensor | None:
        """Attend to the target's committed ids but the last; to nothing where that is the only one."""
        keys, values, n = self._target_kv
        return attended(queries, keys[:n], values[:n]) if n else None


class LongspecDrafter:
    """Drafts with a block over the target's embedding, last keys and values, and head.

    `weights_bytes`: memory of the block. Its ring is allocated by the first draft and given back by `reset`."""

    capabilities = Capabilities(last_kv=True, embedding_and_head=True)

    def __init__(self, block: LongspecBlock, rope: Rope, *, n_vocabulary: int, device: torch.device) -> None:
        self._block, self._rope, self._n_vocabulary, self._device = block, rope, n_vocabulary, device
        self._dtype = block.input_layernorm.weight.dtype
        self.weights_bytes = sum(weight.nbytes for weight in block.parameters())
        self.reset()

    def reset(self) -> None:
        """Forget the sequence."""
        self._ring: KvRing | None = None
        self._length = 0

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Do nothing: the first draft writes the keys and values of the prompt's last window, all that it reads."""

    def propose(self, context: DraftContext) -> Draft:
        """Draw a chain of n tokens one after another.

        A draft that branches would begin here as well: its nodes see the window, their ancestors, and all of the
        target's keys."""
        n, last = min(context.n, shape.DRAFT_ROOM), len(context.ids) - 1
        if n < 1:
            return no_draft(self._device)
        first = max(self._length, last - self._block.shape.window)
        new_ids, u = uploaded_together([torch.tensor(context.ids[first:]), context.u], self._device)
        places = self._places(first, last + n)
        ring = self._caught_up(new_ids[:-1], places, context.target)
        steps = self._steps(new_ids[-1:], ring, places.rows(last - first, last - first + n), context, u)
        self._length = last + n
        return autoregressive_draft.joined(steps, context.warp, n_vocabulary=self._n_vocabulary)

    def commit(self, ids: Sequence[int]) -> None:
        """Roll back rejected ids: the ring may hold every committed id but the last, and nothing moves in it."""
        self._length = min(self._length, len(ids) - 1)

    def cache_bytes(self) -> int:
        """Memory of the ring."""
        return 0 if self._ring is None else self._ring.bytes()

    def _places(self, first: int, end: int) -> _Places:
        positions = torch.arange(first, end, device=self._device)
        return _Places(positions, turns_of(self._rope, positions, self._dtype))

    def _caught_up(self, ids: Tensor, places: _Places, target: TargetState) -> KvRing:
        """The ring, with the keys and values of the committed ids [n] that it lacks, at the first n places."""
        if self._ring is None:
            self._ring = KvRing(self._block.shape, dtype=self._dtype, device=self._device)
        if n := ids.shape[0]:
            assert target.embed is not None
            lacking = places.rows(0, n)
            self._ring.write(*self._block.new_kv(target.embed(ids), lacking.turns), lacking.positions)
        return self._ring

    def _steps(self, token: Tensor, ring: KvRing, places: _Places, context: DraftContext, u: Tensor) -> list[DraftStep]:
        """Draw a token for each place, after the last committed one, [1] int64."""
        kv, embed, head = context.target.last_kv, context.target.embed, context.target.head
        assert kv is not None and embed is not None and head is not None
        bias, steps = ring.bias(places.positions), list[DraftStep]()
        for i in range(len(places.positions)):
            place = places.rows(i, i + 1)
            attention = _StepAttention(ring, bias[i : i + 1], place.positions, kv)
            hidden = self._block(embed(token), place.turns, attention.to_itself, attention.to_target)
            steps.append(
                autoregressive_draft.step(head(hidden)[0], u[i], context.warp, n_vocabulary=self._n_vocabulary)
            )
            token = steps[-1].token.view(1)
        return steps


def _memory(spec: str, target: Checkpoint, dtype: torch.dtype) -> int:
    checked = files.check(spec)
    files.refuse_other_target(checked, target.spec, checks.configuration(target))
    return shape.memory_bytes(checked.shape, dtype.itemsize)


def _build(spec: str, target: LoadedModel, model: LoadedModel | None) -> LongspecDrafter:
    checked = files.check(spec)
    files.refuse_other_target(checked, target.spec, target.model.config)
    return drafter_over(files.load(checked, device=target.device, dtype=target.dtype), target)


def drafter_over(block: LongspecBlock, target: LoadedModel) -> LongspecDrafter:
    """The drafter over a block in the target's type and on its device. Raises InputError for an unfit target."""
    reason = target_fit.why_not(target.model.config) or target_fit.why_not_model(target.model)
    if reason:
        raise files.unfit(target.spec, reason)
    return LongspecDrafter(
        block, target_fit.rope_of(target.model), n_vocabulary=target.n_vocabulary, device=target.device
    )


DRAFTER = DrafterSpec(
    "longspec", "LongSpec", "FOLDER", files.is_longspec, needs_model=False, build=_build, memory=_memory
)
