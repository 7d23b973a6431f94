"""Drafts of fixed shape over a target's static cache, run again as CUDA graphs.

The state of a draft is copied to fixed places; the target's keys are read up to a span, which is a power of two. What
was captured is kept by draft length, span, sampling and the memory that the target's keys lie in."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from engine.decoding.drafting import Draft, LastKv, chain
from engine.decoding.sampling import Warp
from engine.decoding.transfers import uploaded_together
from engine.fast.graphs import Repeater, Work
from engine.fast.static_kv_cache import power_of_two
from engine.longspec import chain_draft
from engine.longspec.chain_draft import BlockInUse, ChainInputs
from engine.longspec.ring import KvRing, attended

_MOST_CAPTURED = 384


class _Kind(NamedTuple):
    """Identifies a captured draft: of n tokens; memory: where the target's keys lie, and how many fit there.

    The weak reference keeps no memory, but as long as it is held no other memory is taken for the same."""

    n: int
    span: int
    warp: Warp
    memory: tuple[StorageWeakRef, int, int]


class _Fixed(NamedTuple):
    """The fixed places of a draft: the last two ids [2], the position of the last [1], uniforms [n], and the draft."""

    last_two: Tensor
    last: Tensor
    u: Tensor
    draft: Draft


class CapturedDrafts:
    """Drafts that are replayed, over a ring that lies where it lies for good."""

    def __init__(self, use: BlockInUse, ring: KvRing, repeaters: Callable[[], Repeater]) -> None:
        self._use, self._ring, self._repeaters = use, ring, repeaters
        self._drop()

    def draft(self, ids: Sequence[int], u: Tensor, warp: Warp, target_kv: LastKv) -> Draft:
        """A draft of as many tokens as there are uniforms, u: [n] on the host, in fixed memory until the next one.

        Its span is that of the round in which it is verified, so that both are captured for the same lengths.

        ids: at least two, of which the ring holds all but the last two; the target's keys are those of all but one."""
        device, n = target_kv.keys.device, u.shape[0]
        capacity = target_kv.keys.shape[0]
        span = power_of_two(min(len(ids) + n, capacity), most=capacity)
        storage = StorageWeakRef(target_kv.keys.untyped_storage())  # type: ignore[no-untyped-call]  # torch does not say
        memory = storage, int(target_kv.keys.storage_offset()), capacity
        kind = _Kind(n, span, warp, memory)
        fixed = self._fixed_for(n, warp, device)
        states = [torch.tensor(ids[-2:]), torch.tensor([len(ids) - 1]), u]
        for place, state in zip(fixed[:3], uploaded_together(states, device), strict=True):
            place.copy_(state)
        if kind not in self._works:
            if len(self._works) == _MOST_CAPTURED:
                self._drop()
                return self.draft(ids, u, warp, target_kv)
            self._works[kind] = self._repeater.repeated(partial(self._work, fixed, target_kv, span, warp))
        self._works[kind]()
        return fixed.draft

    def _work(self, fixed: _Fixed, target_kv: LastKv, span: int, warp: Warp) -> Tensor:
        """Write the keys of the last id but one, again where the ring has them, and draft; all at fixed places."""
        steps = torch.arange(-1, fixed.u.shape[0], device=fixed.last.device)
        places = self._use.places(fixed.last + steps)
        chain_draft.write(self._use, self._ring, fixed.last_two[:1], places.rows(0, 1))
        keys, values = target_kv.keys[:span], target_kv.values[:span]
        unseen = torch.arange(span, device=fixed.last.device) >= fixed.last
        bias = keys.new_zeros(1, span).masked_fill_(unseen, -torch.inf)
        inputs = ChainInputs(
            fixed.last_two[1:],
            places.rows(1, steps.shape[0]),
            lambda queries: attended(queries, keys, values, bias),
            fixed.u,
            warp,
        )
        made = chain_draft.draft(self._use, self._ring, inputs)
        assert made.shown is not None and fixed.draft.shown is not None
        fixed.draft.shown.copy_(made.shown)
        return fixed.draft.tokens.copy_(made.tokens)

    def _fixed_for(self, n: int, warp: Warp, device: torch.device) -> _Fixed:
        if (n, warp.greedy) not in self._places:
            ids = torch.empty(3, dtype=torch.int64, device=device)
            shown = torch.empty(n, self._use.n_vocabulary, device=device)
            tokens, u = torch.empty_like(ids[:1]).repeat(n), torch.empty(n, dtype=torch.float64, device=device)
            draft = Draft(tokens, chain(n, device), None if warp.greedy else shown, shown)
            self._places[n, warp.greedy] = _Fixed(ids[:2], ids[2:], u, draft)
        return self._places[n, warp.greedy]

    def _drop(self) -> None:
        """Drop what was captured, and the repeater: a memory pool without graphs accepts no new ones."""
        self._works: dict[_Kind, Work] = {}
        self._places: dict[tuple[int, bool], _Fixed] = {}
        self._repeater = self._repeaters()
