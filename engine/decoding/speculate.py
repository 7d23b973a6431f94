"""The draft-and-verify loop over one sequence.

One round: the drafter proposes up to gamma tokens, or a tree of so many depths. One target forward over the pending
token and the draft gives a distribution after each of them, an accept rule decides, both caches drop what was rejected.
Nothing is computed twice: the caches hold every committed id but the last, which is fed together with the next draft.
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
    follow_path,
    no_draft,
)
from engine.decoding.packing import HostRecord, pack, unpack
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.decoding.token_tree import below_last_id, paths_to
from engine.decoding.transfers import uploaded_ids, uploaded_together
from engine.decoding.tree_verifying import TreeVerdict, TreeVerifier, TreeVerifies
from engine.decoding.verifying import EXACT, Verdict, Verifier, VerifyContext

_EXACT_TREES = TreeVerifier()


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
    prefill_chunk: how many ids of a prompt are read at once. widths: how many nodes a draft has at each depth, for a
    drafter that branches; empty for chains. stop_below: ends chains by confidence, see `DraftContext`."""

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
        tree_verifier: TreeVerifies = _EXACT_TREES,
        rules: RuledText | None = None,
        widths: tuple[int, ...] = (),
        stop_below: float = 0.0,
        prefill_chunk: int = PREFILL_CHUNK,
    ) -> None:
        self.ids: list[int] = []
        self._prefill_chunk = prefill_chunk
        self._rules, self._widths, self._tree_verifier = rules, widths, tree_verifier
        self._stop_below = stop_below
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
        """Draft at most gamma tokens in a row, verify them, commit what was accepted and the last token."""
        start = self._clock.mark()
        widths = self._widths[:gamma]
        n_most = sum(widths) or gamma
        host_u = uniforms(n_most, self._warp, self._rng)
        # Upload before drafting: a later copy would have to wait for the drafter's work.
        pending, u = uploaded_together([torch.tensor(self.ids[-1:]), host_u], self._target.device)
        if self._rules is not None:
            self._rules.follow(self.ids)
        draft = self._draft(gamma, widths, host_u[:n_most])
        draft_end = self._clock.mark()
        n = draft.tokens.shape[0]
        verdict = self._verify(draft, pending, u[n_most : n_most + n], u[-1])
        packed = pack(verdict, draft.tokens, draft.shown, u[n_most : n_most + n], parents=_parents(draft))
        numbers = packed.tolist()  # sync: the one wait of a round
        verify_end = self._clock.mark()
        record = self._read(numbers, draft, n_vocabulary=verdict.p.shape[-1])
        self._commit(record, n)
        return Round(record, self._clock.ms(start, draft_end), self._clock.ms(draft_end, verify_end))

    def _read(self, numbers: Sequence[float], draft: Draft, *, n_vocabulary: int) -> HostRecord:
        """The record of a round over a draft."""
        n, drawn, verifier = draft.tokens.shape[0], not self._warp.greedy, self._tree_verifier
        if not draft.widths:
            return unpack(numbers, n, n_vocabulary=n_vocabulary, drawn=drawn)
        leaves_first = isinstance(verifier, TreeVerifier) and verifier.rule == "traversal" and draft.q is not None
        record = unpack(numbers, n, n_vocabulary=n_vocabulary, drawn=drawn, tree=True)
        return record._replace(leaves_first=leaves_first)

    def _verify(self, draft: Draft, pending: Tensor, u: Tensor, u_last: Tensor) -> Verdict | TreeVerdict:
        """Verify a chain or a tree by one target forward. pending: [1], the last committed id."""
        tree = below_last_id(draft.parents) if draft.widths else None

        def logits(tokens: Tensor) -> Tensor:
            rows = self._target.forward(torch.cat([pending, tokens]), tree=tree).float()
            return rows if self._rules is None else self._ruled(rows, draft)

        context = VerifyContext(logits, self._warp, u, u_last)
        return (self._tree_verifier if draft.widths else self._verifier).verify(context, draft)

    def _ruled(self, rows: Tensor, draft: Draft) -> Tensor:
        """The target's logits [n + 1, V] under the rules, each judged by the tokens that lead to it."""
        rules = self._rules
        assert rules is not None
        if not draft.widths:
            return rules.applied(rows, draft.tokens)
        paths = (draft.tokens.index_select(0, path) for path in paths_to(draft.parents, draft.widths))
        texts = (rules.no_tokens, *paths)
        return torch.cat([rules.applied(row.unsqueeze(0), text) for row, text in zip(rows, texts, strict=True)])

    def _draft(self, gamma: int, widths: tuple[int, ...], u: Tensor) -> Draft:
        if self._drafter is None or gamma == 0:
            return no_draft(self._target.device)
        state = self._state_for(self._drafter, self._kept_hidden.take())
        context = DraftContext(
            self.ids, gamma, self._warp, u, self._n_accepted, state, self._rules, widths, self._stop_below
        )
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
        self.ids += [*(record.tokens[node] for node in record.accepted), record.last_id]
        self._n_accepted = record.n_accepted
        self._keep_rows(record.rows, n + 1)
        if record.parents:
            follow_path(self._drafter, record.path)
        if self._drafter is not None:
            self._drafter.commit(self.ids)

    def _keep_rows(self, rows: Sequence[int], n: int) -> None:
        """Of the last n ids of the target's cache keep those in `rows`, in this order, and their hidden states."""
        n_first = next((i for i, row in enumerate(rows) if row != i), len(rows))
        if n_first == len(rows):
            self._kept_hidden.add(self._target.hidden, n_first)
            self._target.rollback(n - n_first)
            return
        others = uploaded_ids(rows[n_first:], self._target.device)
        self._kept_hidden.add(self._target.hidden, n_first, others)
        self._target.keep(others - n_first, n - n_first)


def _parents(draft: Draft) -> Tensor | None:
    """The parents of a tree; None for a chain."""
    return draft.parents if draft.widths else None
