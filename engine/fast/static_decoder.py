"""Decodes one sequence over a `StaticKvCache`: launches rounds, reads their records and commits their tokens.

A round can be launched before the previous one is read, since its results stay on the device. The host reads one packed
record per round; where another round of the same length is sure to follow, it launches that first, so that the device
works while the host processes the last round. The extra round counts only if it is asked for."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.cached_model import PREFILL_CHUNK
from engine.decoding.clock import Clock, Mark, settle
from engine.decoding.drafting import (
    NOTHING,
    AcceptedHidden,
    Draft,
    DraftContext,
    Drafter,
    Rehearses,
    TargetState,
    end_prompt,
    no_draft,
)
from engine.decoding.packing import HostRecord, unpack
from engine.decoding.sampling import Warp
from engine.decoding.speculate import Round, uniforms
from engine.decoding.verifying import EXACT, Verifier
from engine.errors import ModelError
from engine.fast.static_kv_cache import FusedDrafter, StaticKvCache

# Work runs directly at its first call and is captured at its second (see `graphs`).
_N_CALLS = 2


class _Flight(NamedTuple):
    """A launched round. n: its proposed tokens; record: host memory that its packed record is copied to."""

    gamma: int
    n: int
    start: Mark
    draft_end: Mark
    verify_end: Mark
    record: Tensor


class StaticDecoder:
    """A `Decoding` over the static cache of a target, whose only user it is while it decodes.

    drafter: proposes from the host, round by round; fused: drafts as part of the round. At most one of them; without
    both, decoding is plain. n_most: the most ids the sequence may reach. hidden_layers: the target's layers whose
    output the drafter reads, in ascending order; handles: its embedding and head, where the drafter uses them.
    prefill_chunk: how many ids of a prompt are read at once."""

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
        prefill_chunk: int = PREFILL_CHUNK,
    ) -> None:
        assert drafter is None or fused is None
        self._prefill_chunk = prefill_chunk
        self.ids: list[int] = []
        self._cache, self._drafter, self._fused = cache, drafter, fused
        self._n_most, self._warp, self._clock = n_most, warp, clock
        self._hidden_layers, self._handles, self._verifier = tuple(hidden_layers), handles, verifier
        self._kept_hidden = AcceptedHidden()
        self._n_accepted: int | None = None
        self._rng = torch.Generator().manual_seed(seed)
        self._flying: _Flight | None = None
        self._n_launched = 0
        self._n_drafter_cached = 0
        self._user = 0

    def prefill(self, ids: Sequence[int], checkpoint: Callable[[], None]) -> None:
        """Process the prompt except its last id, which the first round feeds; checkpoint() between chunks."""
        self._begin(ids)
        if self._drafter is not None:
            self._drafter.reset()
        for start in range(0, len(ids) - 1, self._prefill_chunk):
            chunk = ids[start : min(start + self._prefill_chunk, len(ids) - 1)]
            self._cache.feed(chunk, start)
            if self._drafter is not None:
                n_fed = start + len(chunk)
                self._drafter.prefill(chunk, self._state_for(self._drafter, self._cache.fed_hidden(), n_fed))
            if self._n_draftable(1, len(ids)):
                self._catch_up(start + len(chunk))
            checkpoint()
        end_prompt(self._drafter, ids)
        settle(self._cache.device)

    def prepare(self, lengths: Sequence[int], n: int, checkpoint: Callable[[], None]) -> None:
        """Run rounds without a text, until every kind that a generation from n ids on may need is at full speed.

        Those are rounds of the given draft lengths at every span, shorter ones where the text ends, and rounds of any
        length where a drafter on the host decides it. Call `prefill` afterwards. checkpoint() between rounds."""
        self._begin([0])
        longest = max(lengths)
        last = self._cache.spans(max(n, self._n_most - longest - 1))
        for span in self._cache.spans(n + min(lengths)):
            any_length = self._drafter is not None or span in last
            for n_drafted in range(longest + 1) if any_length else lengths:
                self._rehearse(n_drafted, span)
                checkpoint()
            if span >= self._n_most:
                break  # the text ends here

    def _rehearse(self, n: int, span: int) -> None:
        """Run rounds of n proposed tokens at a span, unless this was done before."""
        length, drafter = span - n, self._drafter
        if length < 1 or (self._fused is not None and self._n_draftable(n, length) < n):
            return
        point_mass = None if drafter is None else drafter.capabilities.point_mass
        unprepared = self._cache.unprepared(n, span, self._warp, point_mass=point_mass, verifier=self._verifier)
        for _ in range(_N_CALLS if unprepared else 0):
            self._cache.place([0, 0], length)
            if drafter is None:
                self._launch(n, length)
            else:
                self._rehearse_verify(self._cache.given(self._rehearsed_draft(drafter, n, length)), length)

    def _rehearsed_draft(self, drafter: Drafter, n: int, length: int) -> Draft:
        """A meaningless draft of n tokens after `length` ids, by the drafter itself where it has work to capture."""
        if n and length > 1 and isinstance(drafter, Rehearses):
            return drafter.rehearse(n, self._warp, self._state_for(drafter, None, length - 1))
        return self._cache.blank(n, self._warp, point_mass=drafter.capabilities.point_mass)

    def _rehearse_verify(self, draft: Draft, length: int) -> None:
        """Verify a meaningless draft."""
        n = draft.tokens.shape[0]
        u = self._cache.uniforms(torch.zeros(2 * n + 1, dtype=torch.float64), n)
        self._cache.landed(self._cache.verified(draft, u, self._warp, self._verifier, end=length + n), even=True)

    def round(self, gamma: int, *, followed: bool = False) -> Round:
        """Draft at most gamma tokens, verify them, commit what was accepted and the last token."""
        assert self._cache.user == self._user
        flight = self._flying or self._launch_next(gamma)
        assert flight.gamma == gamma
        self._flying = self._launch_ahead(flight) if followed else None
        verify_ms = self._clock.ms(flight.draft_end, flight.verify_end)  # sync: the one wait of a round
        record = self._read_record(flight)
        self._commit(record, flight.n)
        return Round(record, self._clock.ms(flight.start, flight.draft_end), verify_ms)

    def _begin(self, ids: Sequence[int]) -> None:
        self.ids, self._flying, self._n_drafter_cached = list(ids), None, 0
        self._kept_hidden.clear()
        self._n_accepted = None
        self._user = self._cache.begin(max(self._n_most, len(ids)), self._fused, self._hidden_layers)
        self._cache.place(ids, len(ids))

    def _launch_next(self, gamma: int) -> _Flight:
        """Launch a round after the committed ids."""
        if self._n_draftable(gamma, len(self.ids)):
            self._catch_up(len(self.ids) - 2)
        return self._launch(gamma, len(self.ids))

    def _launch(self, gamma: int, length: int) -> _Flight:
        """Launch a round that starts from at most `length` committed ids."""
        start = self._clock.mark()
        draft, u = self._draft(gamma, uniforms(gamma, self._warp, self._rng), length)
        draft_end = self._clock.mark()
        n = draft.tokens.shape[0]
        packed = self._cache.verified(draft, u, self._warp, self._verifier, end=length + n)
        self._n_launched += 1
        record = self._cache.landed(packed, even=self._n_launched % 2 == 0)
        return _Flight(gamma, n, start, draft_end, self._clock.mark(), record)

    def _launch_ahead(self, flight: _Flight) -> _Flight | None:
        """Launch the round after an unread one, if it will be the same whatever the unread one accepts."""
        longest = len(self.ids) + flight.n + 1
        predictable = self._drafter is None and self._n_draftable(flight.gamma, longest) == flight.n
        return self._launch(flight.gamma, longest) if predictable else None

    def _draft(self, gamma: int, host_u: Tensor, length: int) -> tuple[Draft, Tensor]:
        """A draft and its uniforms, each in static memory."""
        n = self._n_draftable(gamma, length)
        if n:
            u = self._cache.uniforms(host_u, n)
            return self._cache.drafted(u, self._warp, end=length + n - 1), u
        draft = self._cache.given(self._host_draft(gamma, host_u))
        return draft, self._cache.uniforms(host_u, draft.tokens.shape[0])

    def _host_draft(self, gamma: int, host_u: Tensor) -> Draft:
        """The draft of the drafter on the host; no tokens where there is none."""
        if self._drafter is None or not gamma:
            return no_draft(self._cache.device)
        state = self._state_for(self._drafter, self._kept_hidden.take(), len(self.ids) - 1)
        return self._drafter.propose(DraftContext(self.ids, gamma, self._warp, host_u[:gamma], self._n_accepted, state))

    def _state_for(self, drafter: Drafter, hidden: Tensor | None, length: int) -> TargetState:
        """The target state that the drafter declared to read; the target's cache holds `length` ids."""
        return self._handles._replace(
            hidden=hidden, last_kv=self._cache.last_kv(length) if drafter.capabilities.last_kv else None
        )

    def _n_draftable(self, gamma: int, length: int) -> int:
        """How many tokens the fused drafter proposes after `length` ids: fewer or none at the end of its context."""
        return 0 if self._fused is None else max(0, min(gamma, self._fused.context - length))

    def _catch_up(self, n: int) -> None:
        """Feed the fused drafter what it lacks of the first n committed ids, as after a round without a draft."""
        for start in range(self._n_drafter_cached, n, self._prefill_chunk):
            self._cache.feed(self.ids[start : min(start + self._prefill_chunk, n)], start, drafter=True)
        self._n_drafter_cached = max(self._n_drafter_cached, n)

    def _read_record(self, flight: _Flight) -> HostRecord:
        drawn = not self._warp.greedy
        try:
            record = unpack(flight.record.tolist(), flight.n, n_vocabulary=self._cache.n_vocabulary, drawn=drawn)
        except ModelError:
            self._cache.clear()  # a mask does not hide NaN or infinity: neither may stay in the caches
            raise
        self._cache.read()
        return record

    def _commit(self, record: HostRecord, n: int) -> None:
        self.ids += [*record.tokens[: record.n_accepted], record.last_id]
        self._n_accepted = record.n_accepted
        if self._drafter is not None:
            self._kept_hidden.add(self._cache.hidden(n), record.n_accepted + 1)
            self._drafter.commit(self.ids)
        if self._fused is not None and n:
            self._n_drafter_cached = len(self.ids) - 2  # neither its own last token nor the round's was fed
