"""The draft-and-verify loop over one sequence; knows neither events nor who is watching.

One round: the drafter proposes up to gamma tokens, one target forward over the pending token and the draft gives the
distributions of gamma + 1 positions, an accept rule decides, both caches forget what was rejected. Nothing is computed
twice: the caches hold every committed id but the last, which is fed together with the next draft.
Source: arXiv:2211.17192, algorithm 1."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from engine.decoding import accept, sampling
from engine.decoding.accept import Verdict
from engine.decoding.cached_model import PREFILL_CHUNK, SequenceModel
from engine.decoding.clock import Clock, settle
from engine.decoding.packing import HostRecord, pack, unpack
from engine.decoding.sampling import Warp
from engine.decoding.transfers import uploaded_ids, uploaded_together


class Draft(NamedTuple):
    """A chain of n proposed tokens (a tree whose parents are arange(n) - 1).

    tokens: [n] int64. q: [n, V_target] float32, the distribution each token was drawn from; None where the drafter is
    deterministic, a point mass. shown: [n, V_target] float32, what to show as q; None where only the token is known."""

    tokens: Tensor
    q: Tensor | None
    shown: Tensor | None


class Capabilities(NamedTuple):
    """What a drafter needs from the target and what it can do (methods of later issues need more than ids).

    point_mass: its drafts come without a distribution q."""

    needs_hidden: bool = False
    needs_kv: bool = False
    supports_tree: bool = False
    supports_sampling: bool = True
    point_mass: bool = False


class Drafter(Protocol):
    """Whatever proposes tokens. It is told of every committed id and keeps its own state in step."""

    capabilities: Capabilities

    def reset(self) -> None:
        """Forget the sequence."""

    def prefill(self, ids: Sequence[int]) -> None:
        """Take in the next ids of the prompt, at most PREFILL_CHUNK of them."""

    def propose(self, ids: Sequence[int], n: int, warp: Warp, u: Tensor) -> Draft:
        """Propose at most n tokens to follow the committed `ids`; u: [n] float64 uniforms to draw with, on the host.

        The draft lies on the target's device."""

    def commit(self, ids: Sequence[int]) -> None:
        """The committed ids are now `ids`; whatever else was proposed is rejected."""

    def cache_bytes(self) -> int:
        """Memory of the drafter's own state."""


class Round(NamedTuple):
    """What one round did, on the host. Times in milliseconds; verifying includes the wait for the result."""

    record: HostRecord
    draft_ms: float
    verify_ms: float


def uniforms(gamma: int, warp: Warp, rng: torch.Generator) -> Tensor:
    """The draws of a round in their fixed order: gamma for the drafter, gamma to accept, one for the last token.

    Greedy decoding draws nothing. Returns [2 gamma + 1] float64 on the host, so that a seed draws the same on every
    device."""
    n = 2 * gamma + 1
    return torch.zeros(n, dtype=torch.float64) if warp.greedy else torch.rand(n, generator=rng, dtype=torch.float64)


def judged(logits: Tensor, draft: Draft, u: Tensor, u_last: Tensor, warp: Warp) -> tuple[Verdict, Tensor]:
    """The verdict on a draft of n tokens, and the distributions [n + 1, V] to show as p.

    logits: [n + 1, V] float32 of the target; u: [n], u_last: [] as the accept rules take them."""
    if warp.greedy:
        return accept.greedy(logits.argmax(-1), draft.tokens), logits.softmax(-1)
    p = sampling.probabilities(logits, warp)
    if draft.q is None:
        return accept.point_mass(p, draft.tokens, u, u_last), p
    return accept.exact(p, draft.q, draft.tokens, u, u_last), p


class Decoding(Protocol):
    """One sequence being decoded, a round at a time; `ids` are those committed."""

    ids: list[int]

    def prefill(self, ids: Sequence[int], checkpoint: Callable[[], None]) -> None:
        """Take in the prompt; checkpoint() between chunks."""

    def round(self, gamma: int, *, followed: bool = False) -> Round:
        """Draft at most gamma tokens, verify them, commit what was accepted and the last token.

        followed: only a stop token can keep another round of the same gamma from being asked for next, so that it may
        be begun already."""


class Decoder:
    """A `Decoding` by a target and, perhaps, a drafter, that begins no round before the last one was read."""

    def __init__(self, target: SequenceModel, drafter: Drafter | None, *, warp: Warp, seed: int, clock: Clock) -> None:
        self.ids: list[int] = []
        self._target = target
        self._drafter = drafter
        self._warp = warp
        self._clock = clock
        self._rng = torch.Generator().manual_seed(seed)

    def prefill(self, ids: Sequence[int], checkpoint: Callable[[], None]) -> None:
        """Take in the prompt, all but its last id, which the first round feeds; checkpoint() between chunks."""
        self._target.reset()
        if self._drafter is not None:
            self._drafter.reset()
        self.ids = list(ids)
        prompt = uploaded_ids(ids[:-1], self._target.device)
        for start in range(0, len(ids) - 1, PREFILL_CHUNK):
            chunk = slice(start, min(start + PREFILL_CHUNK, len(ids) - 1))
            self._target.prefill(prompt[chunk])
            if self._drafter is not None:
                self._drafter.prefill(ids[chunk])
            checkpoint()
        settle(self._target.device)

    def round(self, gamma: int, *, followed: bool = False) -> Round:
        """Draft at most gamma tokens, verify them, commit what was accepted and the last token."""
        started = self._clock.mark()
        drawn = uniforms(gamma, self._warp, self._rng)
        # Before the draft, behind whose work a copy would have to wait.
        pending, u = uploaded_together([torch.tensor(self.ids[-1:]), drawn], self._target.device)
        draft = self._draft(gamma, drawn[:gamma])
        drafted = self._clock.mark()
        n = draft.tokens.shape[0]
        logits = self._target.forward(torch.cat([pending, draft.tokens])).float()
        verdict, shown_p = judged(logits, draft, u[gamma : gamma + n], u[-1], self._warp)
        packed = pack(logits, shown_p, draft.shown, draft.tokens, verdict, u[gamma : gamma + n])
        on_host = packed.tolist()  # sync: the one wait of a round
        verified = self._clock.mark()
        record = unpack(on_host, n, n_vocabulary=logits.shape[-1], drawn=not self._warp.greedy)
        self._commit(record, n)
        return Round(record, self._clock.ms(started, drafted), self._clock.ms(drafted, verified))

    def _draft(self, gamma: int, u: Tensor) -> Draft:
        if self._drafter is None or gamma == 0:
            return Draft(torch.empty(0, dtype=torch.int64, device=self._target.device), None, None)
        return self._drafter.propose(self.ids, gamma, self._warp, u)

    def _commit(self, record: HostRecord, n: int) -> None:
        self.ids += [*record.tokens[: record.n_accepted], record.last_id]
        self._target.rollback(n - record.n_accepted)
        if self._drafter is not None:
            self._drafter.commit(self.ids)
