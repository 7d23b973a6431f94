"""The draft-and-verify loop over one sequence.

One round: the drafter proposes up to gamma tokens, one target forward over the pending token and the draft gives the
distributions of gamma + 1 positions, an accept rule decides, both caches drop what was rejected. Nothing is computed
twice: the caches hold every committed id but the last, which is fed together with the next draft.
Source: arXiv:2211.17192, algorithm 1."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from engine.decoding.cached_model import PREFILL_CHUNK, SequenceModel
from engine.decoding.clock import Clock, settle
from engine.decoding.drafting import (
    NOTHING,
    AcceptedHidden,
    Draft,
    DraftContext,
    Drafter,
    FirstLayers,
    TargetState,
    end_prompt,
    no_draft,
)
from engine.decoding.packing import HostRecord, pack, unpack
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.decoding.transfers import uploaded_ids, uploaded_together
from engine.decoding.verifying import EXACT, Verifier, VerifyContext


class Round(NamedTuple):
    """What one round did, on the host. Times in milliseconds; verifying includes the wait for the result."""

    record: HostRecord
    draft_ms: float
    verify_ms: float


def uniforms(gamma: int, warp: Warp, rng: torch.Generator) -> Tensor:
    """The uniforms of a round in fixed order: gamma for the drafter, gamma to accept, one for the last token.

    Greedy decoding draws nothing. Returns [2 gamma + 1] float64 on the host, so that a seed draws the same on every
    device."""
    n = 2 * gamma + 1
    return torch.zeros(n, dtype=torch.float64) if warp.greedy else torch.rand(n, generator=rng, dtype=torch.float64)


class Decoding(Protocol):
    """Decodes one sequence round by round; `ids` are those committed."""

    ids: list[int]

    def prefill(self, ids: Sequence[int], checkpoint: Callable[[], None]) -> None:
        """Process the prompt; checkpoint() between chunks."""

    def round(self, gamma: int, *, followed: bool = False) -> Round:
        """Draft at most gamma tokens, verify them, commit what was accepted and the last token.

        followed: unless a stop token comes, the next call asks for another round of the same gamma, which may therefore
        begin already."""


class Decoder:
    """A `Decoding` by a target and an optional drafter that begins a round only when the last one was read.

    handles: the embedding and the head of the target, where the drafter uses them. The target must keep the
    hidden states that the drafter declared. rules: change the target's logits before anything reads them.
    prefill_chunk: how many ids of a prompt are read at once."""

    def __init__(
        self,
        target: SequenceModel,
        drafter: Drafter | None,
        *,
        warp: Warp,
        seed: int,
        clock: Clock,
        handles: TargetState = NOTHING,
        verifier: Verifier = EXACT,
        rules: RuledText | None = None,
        prefill_chunk: int = PREFILL_CHUNK,
    ) -> None:
        self.ids: list[int] = []
        self._prefill_chunk = prefill_chunk
        self._rules = rules
        self._target, self._drafter, self._verifier, self._handles = target, drafter, verifier, handles
        self._warp, self._clock = warp, clock
        self._rng = torch.Generator().manual_seed(seed)
        self._kept_hidden = AcceptedHidden()
        self._n_accepted: int | None = None
        self._first_layers: FirstLayers | None = None

    def prefill(self, ids: Sequence[int], checkpoint: Callable[[], None]) -> None:
        """Process the prompt except its last id, which the first round feeds; checkpoint() between chunks."""
        self._target.reset()
        self._kept_hidden.clear()
        self._n_accepted = None
        if self._drafter is not None:
            self._drafter.reset()
            n_first = self._drafter.capabilities.first_layers
            self._first_layers = self._target.first_layers(n_first) if n_first else None
        self.ids = list(ids)
        if self._rules is not None:
            self._rules.begin(ids)
        prompt = uploaded_ids(ids[:-1], self._target.device)
        for start in range(0, len(ids) - 1, self._prefill_chunk):
            chunk = slice(start, min(start + self._prefill_chunk, len(ids) - 1))
            self._target.prefill(prompt[chunk])
            if self._drafter is not None:
                self._drafter.prefill(ids[chunk], self._state_for(self._drafter, self._target.hidden))
            checkpoint()
        end_prompt(self._drafter, ids)
        settle(self._target.device)

    def round(self, gamma: int, *, followed: bool = False) -> Round:
        """Draft at most gamma tokens, verify them, commit what was accepted and the last token."""
        start = self._clock.mark()
        host_u = uniforms(gamma, self._warp, self._rng)
        # Upload before drafting: a later copy would have to wait for the drafter's work.
        pending, u = uploaded_together([torch.tensor(self.ids[-1:]), host_u], self._target.device)
        if self._rules is not None:
            self._rules.follow(self.ids)
        draft = self._draft(gamma, host_u[:gamma])
        draft_end = self._clock.mark()
        n = draft.tokens.shape[0]

        def logits(tokens: Tensor) -> Tensor:
            rows = self._target.forward(torch.cat([pending, tokens])).float()
            return rows if self._rules is None else self._rules.applied(rows, tokens)

        verdict = self._verifier.verify(VerifyContext(logits, self._warp, u[gamma : gamma + n], u[-1]), draft)
        packed = pack(verdict, draft.tokens, draft.shown, u[gamma : gamma + n])
        numbers = packed.tolist()  # sync: the one wait of a round
        verify_end = self._clock.mark()
        record = unpack(numbers, n, n_vocabulary=verdict.p.shape[-1], drawn=not self._warp.greedy)
        self._commit(record, n)
        return Round(record, self._clock.ms(start, draft_end), self._clock.ms(draft_end, verify_end))

    def _draft(self, gamma: int, u: Tensor) -> Draft:
        if self._drafter is None or gamma == 0:
            return no_draft(self._target.device)
        state = self._state_for(self._drafter, self._kept_hidden.take())
        context = DraftContext(self.ids, gamma, self._warp, u, self._n_accepted, state, self._rules)
        draft = self._drafter.propose(context)
        if self._first_layers is not None:
            self._first_layers.rollback(self._first_layers.length - self._target.length)
        return draft

    def _state_for(self, drafter: Drafter, hidden: Tensor | None) -> TargetState:
        """The current target state that the drafter declared to read."""
        if self._first_layers is not None:
            self._first_layers.length = self._target.length
        return self._handles._replace(
            hidden=hidden,
            last_kv=self._target.last_kv() if drafter.capabilities.last_kv else None,
            first_layers=self._first_layers,
        )

    def _commit(self, record: HostRecord, n: int) -> None:
        self.ids += [*record.tokens[: record.n_accepted], record.last_id]
        self._n_accepted = record.n_accepted
        self._kept_hidden.add(self._target.hidden, record.n_accepted + 1)
        self._target.rollback(n - record.n_accepted)
        if self._drafter is not None:
            self._drafter.commit(self.ids)
