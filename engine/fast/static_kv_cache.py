"""Keeps the memory of a target's rounds at fixed addresses from one generation to the next.

That is keys and values, the state, uniforms, drafts and, by draft length and span, the two halves of a round. Capacity
and spans are powers of two, so that few shapes are ever captured. A longer text needs new memory: what was captured is
dropped, and captured again when it is next needed. No cache is larger than the full context, which is what the estimate
before a load counts."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.drafting import Draft, LastKv, chain
from engine.decoding.sampling import Warp
from engine.decoding.transfers import uploaded, uploaded_ids
from engine.decoding.verifying import Verifier
from engine.fast import static_round
from engine.fast.batched import RowsModel
from engine.fast.graphs import Repeater, Work
from engine.fast.static_round import VerifySettings
from engine.fast.weights import FusedWeights

_LEAST_SPAN = 256
# Both halves of every draft length up to 64 at half a dozen spans, as a policy may ask for.
_MOST_HALVES = 768


class FusedDrafter(NamedTuple):
    """A drafter that is a fused model on the target's device; context: the drafter's own."""

    weights: FusedWeights
    context: int


class _DraftKind(NamedTuple):
    """The shape of a draft: n tokens, and whether it has the distributions q and shown."""

    n: int
    has_q: bool
    has_shown: bool


class _Half(NamedTuple):
    """Identifies one half of a round. verifier: None for the half that drafts; span: how many positions are read."""

    verifier: Verifier | None
    kind: _DraftKind
    span: int
    warp: Warp


class StaticKvCache:
    """Static memory for one sequence through a target and an optional drafter. repeaters: what its rounds run by."""

    def __init__(self, weights: FusedWeights, *, context: int, repeaters: Callable[[], Repeater]) -> None:
        self.device: torch.device = weights.embedding.device
        self._weights, self._context, self.repeaters = weights, context, repeaters
        self.n_vocabulary = int(weights.embedding.shape[0])
        self.user = 0
        self.clear()

    def clear(self) -> None:
        """Free all memory, and what was captured over it."""
        self._drop_captured()
        self._target: RowsModel | None = None
        self._drafter: RowsModel | None = None
        self._drafter_weights: FusedWeights | None = None
        self._capacity = self._n_unread = 0
        self._state = static_round.new_state(self.device)
        self._static_drafts: dict[_DraftKind, Draft] = {}
        self._uniforms: dict[int, Tensor] = {}
        self._hidden: dict[int, Tensor] = {}
        self._hidden_layers: tuple[int, ...] = ()
        self._host_records: dict[tuple[int, bool], Tensor] = {}

    def begin(self, n: int, drafter: FusedDrafter | None, hidden_layers: Sequence[int] = ()) -> int:
        """Prepare for n ids, at most the context, of a new user, the only one from now on; returns its number.

        Without a drafter, the previous drafter's memory stays. hidden_layers: those of the target whose output is
        kept, in ascending order."""
        if n > self._capacity:
            self.clear()
            capacity = power_of_two(n, most=self._context)
            self._target = RowsModel(self._weights, n_rows=1, capacity=capacity)
            self._capacity = capacity  # last, since memory may not hold it
        if drafter is not None and drafter.weights is not self._drafter_weights:
            self._drop_captured()
            self._drafter = self._drafter_weights = None  # first, since memory may not hold two
            self._drafter = RowsModel(drafter.weights, n_rows=1, capacity=min(self._capacity, drafter.context))
            self._drafter_weights = drafter.weights
        if self._n_unread:
            self._wipe()
        self._keep_hidden(tuple(hidden_layers))
        self.user += 1
        return self.user

    def spans(self, n: int) -> list[int]:
        """The spans of rounds whose positions end at n or later, in ascending order; empty beyond the capacity."""
        if n > self._capacity:
            return []
        spans = [power_of_two(n, most=self._capacity)]
        while spans[-1] < self._capacity:
            spans.append(min(2 * spans[-1], self._capacity))
        return spans

    def bytes(self) -> int:
        """Memory of the caches."""
        return sum(model.bytes() for model in (self._target, self._drafter) if model is not None)

    def target_bytes(self) -> int:
        """Memory of the target's cache."""
        return 0 if self._target is None else self._target.bytes()

    def unprepared(self, n: int, span: int, warp: Warp, *, point_mass: bool | None, verifier: Verifier) -> bool:
        """Whether this is the first such question about these rounds since rounds were last dropped.

        point_mass: whether drafts come without q, None where the device drafts."""
        key = n, span, warp, point_mass, verifier
        is_new = key not in self._prepared
        self._prepared.add(key)
        return is_new

    def place(self, last: Sequence[int], length: int) -> None:
        """Let the next round follow `length` committed ids that end in `last`."""
        static_round.place(self._state, last, length)

    def hidden(self, n: int) -> Tensor | None:
        """Output of the target's kept layers in the latest round of n proposed tokens, in static memory:
        [layers, n + 1, hidden]; None where none is kept."""
        return self._hidden.get(n)

    def fed_hidden(self) -> Tensor | None:
        """Output of the same layers for the ids that the target was last fed, [layers, n, hidden]."""
        return self._model().hidden

    def last_kv(self, length: int) -> LastKv:
        """Keys and values of the target's last layer, of `length` ids."""
        return self._model().last_kv(length)

    def feed(self, ids: Sequence[int], start: int, *, drafter: bool = False) -> None:
        """Write the keys and values of ids to the positions from `start` on."""
        self._model(drafter=drafter).prefill(uploaded_ids([ids], self.device), start)

    def uniforms(self, drawn: Tensor, n: int) -> Tensor:
        """The uniforms for n tokens, [2 n + 1] in static memory, out of those of a round, [2 gamma + 1] on the host."""
        gamma = drawn.shape[0] // 2
        if n not in self._uniforms:
            self._uniforms[n] = torch.empty(2 * n + 1, dtype=drawn.dtype, device=self.device)
        used = torch.cat([drawn[:n], drawn[gamma : gamma + n], drawn[-1:]])
        return self._uniforms[n].copy_(uploaded(used, self.device))

    def drafted(self, u: Tensor, warp: Warp, *, end: int) -> Draft:
        """A draft by the fused drafter, in static memory; no position of the round lies past `end`.

        u: what `uniforms` returned."""
        n, model = u.shape[0] // 2, self._model(drafter=True)
        kind = _DraftKind(n, not warp.greedy, True)
        half = _Half(None, kind, power_of_two(end, most=model.capacity), warp)
        static_draft = self._static_draft(kind)
        draft = partial(
            static_round.draft, model, self._state, u[:n], warp, span=half.span, n_vocabulary=self.n_vocabulary
        )
        self._run(half, lambda: _copied(draft(), static_draft).tokens)
        return static_draft

    def blank(self, n: int, warp: Warp, *, point_mass: bool) -> Draft:
        """A meaningless draft of n tokens, of the kind that a drafter on the host makes."""
        tokens = torch.zeros(n, dtype=torch.int64, device=self.device)
        if point_mass or not n:
            return Draft(tokens, chain(n, self.device))
        shown = torch.zeros(n, self.n_vocabulary, device=self.device)
        return Draft(tokens, chain(n, self.device), None if warp.greedy else shown, shown)

    def given(self, draft: Draft) -> Draft:
        """Copy the draft of any drafter to static memory."""
        assert draft.q is None or draft.q is draft.shown
        kind = _DraftKind(draft.tokens.shape[0], draft.q is not None, draft.shown is not None)
        return _copied(draft, self._static_draft(kind))

    def verified(self, draft: Draft, u: Tensor, warp: Warp, verifier: Verifier, *, end: int) -> Tensor:
        """The packed record of a round; draft and u are in static memory, no position lies past `end`."""
        n, model = draft.tokens.shape[0], self._model()
        kind = _DraftKind(n, draft.q is not None, draft.shown is not None)
        half = _Half(verifier, kind, power_of_two(end, most=model.capacity), warp)
        judging = VerifySettings(verifier, u[n:], warp, half.span)
        return self._run(half, partial(self._verify, model, draft, judging, self._static_hidden(n)))

    def _verify(self, model: RowsModel, draft: Draft, judging: VerifySettings, hidden: Tensor | None) -> Tensor:
        """Verify, and copy the kept hidden states to `hidden`."""
        packed = static_round.verify(model, self._state, draft, judging)
        if hidden is not None:
            assert model.hidden is not None
            hidden.copy_(model.hidden)
        return packed

    def _static_hidden(self, n: int) -> Tensor | None:
        if self._hidden_layers and n not in self._hidden:
            like = self._weights.embedding
            self._hidden[n] = like.new_empty(len(set(self._hidden_layers)), n + 1, like.shape[1])
        return self._hidden.get(n)

    def _keep_hidden(self, hidden_layers: tuple[int, ...]) -> None:
        """Make the target keep the output of these layers; drop rounds that kept others."""
        if hidden_layers != self._hidden_layers:
            self._drop_captured()
            self._hidden.clear()
            self._hidden_layers = hidden_layers
        self._model().keep_hidden(hidden_layers)

    def landed(self, packed: Tensor, *, even: bool) -> Tensor:
        """Begin to copy a record to the host; it is complete once the device has reached the copy.

        There are two buffers per size, since one record is read while the next one is copied."""
        self._n_unread += 1
        key = packed.shape[0], even
        if key not in self._host_records:
            self._host_records[key] = torch.empty_like(packed, device="cpu", pin_memory=packed.is_cuda)
        return self._host_records[key].copy_(packed, non_blocking=True)

    def read(self) -> None:
        """Note that one copied record was read and contained neither NaN nor infinity."""
        self._n_unread -= 1

    def _run(self, half: _Half, work: Work) -> Tensor:
        """Run the work of one half, repeated if it ran before."""
        if half not in self._halves:
            if len(self._halves) == _MOST_HALVES:
                self._drop_captured()
            self._halves[half] = self._repeater.repeated(work)
        return self._halves[half]()

    def _static_draft(self, kind: _DraftKind) -> Draft:
        if kind not in self._static_drafts:
            shown = torch.empty(kind.n, self.n_vocabulary, device=self.device) if kind.has_shown else None
            tokens = torch.empty(kind.n, dtype=torch.int64, device=self.device)
            self._static_drafts[kind] = Draft(tokens, chain(kind.n, self.device), shown if kind.has_q else None, shown)
        return self._static_drafts[kind]

    def _model(self, *, drafter: bool = False) -> RowsModel:
        model = self._drafter if drafter else self._target
        assert model is not None
        return model

    def _wipe(self) -> None:
        """Zero the caches after unread rounds, which may have left NaN or infinity: no mask hides them."""
        for model in (self._target, self._drafter):
            if model is not None:
                model.wipe()
        self._n_unread = 0

    def _drop_captured(self) -> None:
        """Drop what was captured, and the repeater: a memory pool without graphs accepts no new ones."""
        self._halves: dict[_Half, Work] = {}
        self._prepared: set[tuple[int, int, Warp, bool | None, Verifier]] = set()
        self._repeater = self.repeaters()


def _copied(draft: Draft, static_draft: Draft) -> Draft:
    """Copy a draft, always a chain, to the static draft of its kind."""
    static_draft.tokens.copy_(draft.tokens)
    if static_draft.shown is not None and draft.shown is not None:
        static_draft.shown.copy_(draft.shown)
    return static_draft


def power_of_two(n: int, *, most: int) -> int:
    """The least power of two that holds n positions, at least the least span and at most `most`."""
    assert n <= most
    return min(max(_LEAST_SPAN, 1 << (n - 1).bit_length()), most)
