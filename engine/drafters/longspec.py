"""LongSpec: one block that attends to a window of the text and to the target's last layer drafts; its memory is fixed.

Its own keys and values lie in a ring, and a prompt costs those of its last window. Over a target whose rounds are
captured, its drafts are captured as well. Source: arXiv:2502.17421, section 3.1."""

from collections.abc import Callable, Sequence

import torch

from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState, no_draft
from engine.decoding.sampling import Warp
from engine.decoding.transfers import uploaded_ids, uploaded_together
from engine.decoding.tree_draft import TreeSettings, fitting
from engine.drafters import DrafterSpec
from engine.fast.graphs import Repeater
from engine.longspec import chain_draft, files, shape, target_fit, tree_draft
from engine.longspec.block import CrossAttention, LongspecBlock
from engine.longspec.captured_draft import CapturedDrafts
from engine.longspec.chain_draft import BlockInUse, ChainInputs, Places
from engine.longspec.joined_block import JoinedBlock
from engine.longspec.ring import KvRing, attended
from engine.longspec.tree_draft import TreeInputs
from engine.models import checks, target_state
from engine.models.checkpoint_folder import Checkpoint
from engine.models.loading import LoadedModel


class LongspecDrafter:
    """Drafts with a block over the target's embedding, last keys and values, and head.

    Its ring is allocated by the first draft and given back by `reset`, except
    where drafts are captured over it. repeaters: for a target whose last keys and values lie at fixed places."""

    capabilities = Capabilities(last_kv=True, embedding_and_head=True, trees=True, stops=True)

    def __init__(
        self, use: BlockInUse, *, device: torch.device, repeaters: Callable[[], Repeater] | None = None
    ) -> None:
        self._use, self._device, self._repeaters = use, device, repeaters
        self._ring: KvRing | None = None
        self._captured: CapturedDrafts | None = None
        self.reset()

    def reset(self) -> None:
        """Forget the sequence."""
        self._length = 0
        self._is_stale = True
        if self._captured is None:
            self._ring = None

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Do nothing: the first draft writes the keys and values of the prompt's last window, all that it reads."""

    def propose(self, context: DraftContext) -> Draft:
        """Draw a chain of n tokens one after another, or grow a tree of n depths."""
        n = min(context.n, shape.DRAFT_ROOM)
        if n < 1:
            return no_draft(self._device)
        target_kv, last = context.target.last_kv, len(context.ids) - 1
        assert target_kv is not None
        ring = self._allocated_ring()
        # Over fixed memory each draft has the same shape: it writes the last id but one itself, as far as it has one.
        if context.widths:
            self._catch_up(ring, context.ids, last)
            self._length = last + 1
            return self._tree(ring, context, n)
        # Under rules rounds are not captured, and the target's keys lie in memory that grows.
        # Where drafts end by confidence, no two have the same shape.
        fixed = context.rules is None and not context.stop_below
        if self._repeaters is not None and fixed and target_kv.length:
            self._catch_up(ring, context.ids, last - 1)
            drafts = self._captured_over(ring, self._repeaters)
            draft = drafts.draft(context.ids, context.u[:n], context.warp, target_kv)
        else:
            self._catch_up(ring, context.ids, last)
            draft = self._direct(ring, context, n)
        self._length = last + draft.tokens.shape[0]
        return draft

    def rehearse(self, n: int, warp: Warp, target: TargetState) -> Draft:
        """Draft n tokens after a meaningless text as long as the target's, and forget them."""
        assert target.last_kv is not None
        ids, u = [0] * (target.last_kv.length + 1), torch.zeros(n, dtype=torch.float64)
        self.reset()
        draft = self.propose(DraftContext(ids, n, warp, u, target=target))
        self.reset()
        return draft

    def commit(self, ids: Sequence[int]) -> None:
        """Roll back rejected ids: the ring may hold every committed id but the last, and nothing moves in it."""
        self._length = min(self._length, len(ids) - 1)

    def cache_bytes(self) -> int:
        """Memory of the ring."""
        return 0 if self._ring is None else self._ring.bytes()

    def weights_bytes(self) -> int:
        """Memory of the block."""
        return self._use.block.bytes()

    def _direct(self, ring: KvRing, context: DraftContext, n: int) -> Draft:
        """A draft of n tokens, its steps launched one by one."""
        token, u = uploaded_together([torch.tensor(context.ids[-1:]), context.u[:n]], self._device)
        attending = _attending(context.target)
        inputs = ChainInputs(token, self._places(context, n), attending, u, context.warp, context.stop_below)
        return chain_draft.draft(self._use, ring, inputs)

    def _tree(self, ring: KvRing, context: DraftContext, n: int) -> Draft:
        """A tree of n depths."""
        widths = fitting(context.widths[:n], self._use.n_vocabulary)
        token, u = uploaded_together([torch.tensor(context.ids[-1:]), context.u], self._device)
        settings = TreeSettings(widths, context.warp, u, self._use.n_vocabulary)
        inputs = TreeInputs(token, self._places(context, n), _attending(context.target), settings)
        return tree_draft.draft(self._use, ring, inputs)

    def _places(self, context: DraftContext, n: int) -> Places:
        """The places of the last committed id and of those drafted after it, but the last."""
        last = len(context.ids) - 1
        return self._use.places(torch.arange(last, last + n, device=self._device))

    def _catch_up(self, ring: KvRing, ids: Sequence[int], end: int) -> None:
        """Write the keys and values that the ring lacks of the first `end` committed ids; of the last window only."""
        first = max(self._length, len(ids) - 1 - self._use.block.shape.window)
        if first < end:
            places = self._use.places(torch.arange(first, end, device=self._device))
            chain_draft.write(self._use, ring, uploaded_ids(ids[first:end], self._device), places)

    def _allocated_ring(self) -> KvRing:
        if self._ring is None:
            block = self._use.block
            self._ring = KvRing(block.shape, dtype=block.dtype, device=self._device)
        elif self._is_stale:
            self._ring.wipe()
        self._is_stale = False
        return self._ring

    def _captured_over(self, ring: KvRing, repeaters: Callable[[], Repeater]) -> CapturedDrafts:
        if self._captured is None:
            self._captured = CapturedDrafts(self._use, ring, repeaters)
        return self._captured


def _attending(target: TargetState) -> CrossAttention:
    """To the target's keys and values of the committed ids but the last."""
    target_kv = target.last_kv
    assert target_kv is not None
    keys, values = target_kv.keys[: target_kv.length], target_kv.values[: target_kv.length]
    return lambda queries: attended(queries, keys, values) if len(keys) else None


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
    handles = target_state.handles(target, LongspecDrafter.capabilities)
    assert handles.embed is not None and handles.head is not None
    rope = target_fit.rope_of(target.model)
    use = BlockInUse(JoinedBlock(block), rope, handles.embed, handles.head, target.n_vocabulary)
    repeaters = None if target.static is None else target.static.repeaters
    return LongspecDrafter(use, device=target.device, repeaters=repeaters)


def _kv_bytes(spec: str, target: LoadedModel, model: LoadedModel | None, n: int) -> int:
    return shape.ring_bytes(files.check(spec).shape, target.dtype.itemsize)


DRAFTER = DrafterSpec(
    "longspec", "LongSpec", "FOLDER", files.is_longspec, needs_model=False, build=_build, memory=_memory,
    kv_bytes=_kv_bytes,
)  # fmt: skip
