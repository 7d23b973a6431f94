"""Decoding at fixed places: when a round is launched, what is read of it, what is committed; computes nothing itself.

Rounds are launched without a look at the ones before, whose results the device hands on to itself. The host reads one
packed record a round and, where another round of the same length is sure to follow, launches that first, so that the
device is at work while the last round is digested. What the extra round does counts only if it is asked for."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.cached_model import PREFILL_CHUNK
from engine.decoding.clock import Clock, Mark, settle
from engine.decoding.drafting import NOTHING, Draft, DraftContext, Drafter, KeptHidden, TargetState, no_draft
from engine.decoding.packing import HostRecord, unpack
from engine.decoding.sampling import Warp
from engine.decoding.speculate import Round, uniforms
from engine.decoding.verifying import EXACT, Verifier
from engine.errors import ModelError
from engine.fast.static_kv_cache import FusedDrafter, StaticKvCache

_N_CALLS = 2


class _Flight(NamedTuple):
    """A round that was launched. n: its proposed tokens; record: where its packed record lands on the host."""

    gamma: int
    n: int
    begun: Mark
    drafted: Mark
    verified: Mark
    record: Tensor


class StaticDecoder:
    """A `Decoding` over the fixed places of a target, of which it is the only user while it decodes.

    drafter: whoever proposes on the host's side, round by round; fused: a drafter that drafts as part of the round. At
    most one of them; without both, decoding is plain. n_most: ids that the sequence may come to. hidden_layers: the
    target's layers whose output the drafter reads, in ascending order; handles: its embedding and head, where the
    drafter uses them."""

    def __init__(
        self,
        cache: StaticKvCache,
        drafter: Drafter | None,
        fused: FusedDrafter | None,
        *,
        n_most: int,
        warp: Warp,
        seed: int,
        clock: Clock,
        hidden_layers: Sequence[int] = (),
        handles: TargetState = NOTHING,
        verifier: Verifier = EXACT,
    ) -> None:
        assert drafter is None or fused is None
        self.ids: list[int] = []
        self._cache, self._drafter, self._fused = cache, drafter, fused
        self._n_most, self._warp, self._clock = n_most, warp, clock
        self._hidden_layers, self._handles, self._verifier = tuple(hidden_layers), handles, verifier
        self._kept = KeptHidden()
        self._n_accepted: int | None = None
        self._rng = torch.Generator().manual_seed(seed)
        self._flying: _Flight | None = None
        self._n_launched = 0
        self._n_drafter_holds = 0
        self._user = 0

    def prefill(self, ids: Sequence[int], checkpoint: Callable[[], None]) -> None:
        """Take in the prompt, all but its last id, which the first round feeds; checkpoint() between chunks."""
        self._begin(ids)
        if self._drafter is not None:
            self._drafter.reset()
        for start in range(0, len(ids) - 1, PREFILL_CHUNK):
            chunk = ids[start : min(start + PREFILL_CHUNK, len(ids) - 1)]
            self._cache.feed(chunk, start)
            if self._drafter is not None:
                fed = start + len(chunk)
                self._drafter.prefill(chunk, self._state_for(self._drafter, self._cache.fed_hidden(), fed))
            if self._n_draftable(1, len(ids)):
                self._catch_up(start + len(chunk))
            checkpoint()
        settle(self._cache.device)

    def prepare(self, gamma: int, n: int, checkpoint: Callable[[], None]) -> None:
        """Do rounds over no text, until each that a generation from n ids on may need is as cheap as it gets.

        Those are rounds of gamma at every span, shorter ones where the text ends, and rounds of any length where a
        drafter on the host's side decides on it; then `prefill`. checkpoint() between rounds."""
        self._begin([0])
        last = self._cache.spans(max(n, self._n_most - gamma - 1))
        for span in self._cache.spans(n + gamma):
            lengths = range(gamma + 1) if self._drafter is not None or span in last else [gamma]
            for n_drafted in lengths:
                self._rehearse(n_drafted, span)
                checkpoint()
            if span >= self._n_most:
                break  # the text ends here

    def _rehearse(self, n: int, span: int) -> None:
        """Rounds of n proposed tokens at a span, unless they were done before."""
        length, drafter = span - n, self._drafter
        if length < 1 or (self._fused is not None and self._n_draftable(n, length) < n):
            return
        point_mass = None if drafter is None else drafter.capabilities.point_mass
        for _ in range(_N_CALLS if self._cache.unprepared(n, span, self._warp, point_mass) else 0):
            self._cache.place([0, 0], length)
            if drafter is None:
                self._launch(n, length)
            else:
                self._verify(self._cache.given(self._cache.blank(n, self._warp, point_mass=bool(point_mass))), length)

    def _verify(self, draft: Draft, length: int) -> None:
        """Judge a draft that means nothing."""
        n = draft.tokens.shape[0]
        u = self._cache.uniforms(torch.zeros(2 * n + 1, dtype=torch.float64), n)
        self._cache.landed(self._cache.verified(draft, u, self._warp, self._verifier, end=length + n), even=True)

    def round(self, gamma: int, *, followed: bool = False) -> Round:
        """Draft at most gamma tokens, verify them, commit what was accepted and the last token."""
        assert self._cache.user == self._user
        flight = self._flying or self._fresh(gamma)
        assert flight.gamma == gamma
        self._flying = self._ahead(flight) if followed else None
        verify_ms = self._clock.ms(flight.drafted, flight.verified)  # sync: the one wait of a round
        record = self._read(flight)
        self._commit(record, flight.n)
        return Round(record, self._clock.ms(flight.begun, flight.drafted), verify_ms)

    def _begin(self, ids: Sequence[int]) -> None:
        self.ids, self._flying, self._n_drafter_holds = list(ids), None, 0
        self._kept.clear()
        self._n_accepted = None
        self._user = self._cache.begin(max(self._n_most, len(ids)), self._fused, self._hidden_layers)
        self._cache.place(ids, len(ids))

    def _fresh(self, gamma: int) -> _Flight:
        """Begin a round after the ids that were read."""
        if self._n_draftable(gamma, len(self.ids)):
            self._catch_up(len(self.ids) - 2)
        return self._launch(gamma, len(self.ids))

    def _launch(self, gamma: int, length: int) -> _Flight:
        """Begin a round that finds at most `length` committed ids."""
        begun = self._clock.mark()
        draft, u = self._draft(gamma, uniforms(gamma, self._warp, self._rng), length)
        drafted = self._clock.mark()
        n = draft.tokens.shape[0]
        packed = self._cache.verified(draft, u, self._warp, self._verifier, end=length + n)
        self._n_launched += 1
        record = self._cache.landed(packed, even=self._n_launched % 2 == 0)
        return _Flight(gamma, n, begun, drafted, self._clock.mark(), record)

    def _ahead(self, flight: _Flight) -> _Flight | None:
        """The round after one that nobody has read, where it will be the same whatever that one keeps."""
        longest = len(self.ids) + flight.n + 1
        steady = self._drafter is None and self._n_draftable(flight.gamma, longest) == flight.n
        return self._launch(flight.gamma, longest) if steady else None

    def _draft(self, gamma: int, drawn: Tensor, length: int) -> tuple[Draft, Tensor]:
        """A draft, and the uniforms for it, each at its fixed place."""
        n = self._n_draftable(gamma, length)
        if n:
            u = self._cache.uniforms(drawn, n)
            return self._cache.drafted(u, self._warp, end=length + n - 1), u
        draft = self._cache.given(self._proposed(gamma, drawn))
        return draft, self._cache.uniforms(drawn, draft.tokens.shape[0])

    def _proposed(self, gamma: int, drawn: Tensor) -> Draft:
        """What the drafter on the host's side proposes, nothing where there is none."""
        if self._drafter is None or not gamma:
            return no_draft(self._cache.device)
        state = self._state_for(self._drafter, self._kept.take(), len(self.ids) - 1)
        return self._drafter.propose(DraftContext(self.ids, gamma, self._warp, drawn[:gamma], self._n_accepted, state))

    def _state_for(self, drafter: Drafter, hidden: Tensor | None, length: int) -> TargetState:
        """What the drafter declared to read of the target, whose cache holds `length` ids."""
        return self._handles._replace(
            hidden=hidden, last_kv=self._cache.last_kv(length) if drafter.capabilities.last_kv else None
        )

    def _n_draftable(self, gamma: int, length: int) -> int:
        """How many tokens the fused drafter proposes after so many ids: fewer or none at the end of its context."""
        return 0 if self._fused is None else max(0, min(gamma, self._fused.context - length))

    def _catch_up(self, n: int) -> None:
        """Give the fused drafter what it lacks of the first n committed ids: after a round without a draft."""
        for start in range(self._n_drafter_holds, n, PREFILL_CHUNK):
            self._cache.feed(self.ids[start : min(start + PREFILL_CHUNK, n)], start, drafter=True)
        self._n_drafter_holds = max(self._n_drafter_holds, n)

    def _read(self, flight: _Flight) -> HostRecord:
        drawn = not self._warp.greedy
        try:
            record = unpack(flight.record.tolist(), flight.n, n_vocabulary=self._cache.n_vocabulary, drawn=drawn)
        except ModelError:
            self._cache.clear()  # a mask hides numbers only: what is no number must not stay in the caches
            raise
        self._cache.read()
        return record

    def _commit(self, record: HostRecord, n: int) -> None:
        self.ids += [*record.tokens[: record.n_accepted], record.last_id]
        self._n_accepted = record.n_accepted
        if self._drafter is not None:
            self._kept.add(self._cache.hidden(n), record.n_accepted + 1)
            self._drafter.commit(self.ids)
        if self._fused is not None and n:
            self._n_drafter_holds = len(self.ids) - 2  # it was fed neither its own last token nor the round's
