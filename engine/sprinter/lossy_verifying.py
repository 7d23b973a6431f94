"""Verifiers that accept more than the exact rule and whose loss can be computed: an ensemble, and lenience.

They are the cousins that a gate is compared with: the target tests every token, so that nothing is unverified.
Sources: arXiv:2604.07622 and transformers' assistant_ensemble_weight (ensemble); arXiv:2211.17192, A.5 (lenience)."""

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding import accept, sampling
from engine.decoding.accept import Acceptance
from engine.decoding.drafting import Draft
from engine.decoding.verifying import EXACT, Verdict, VerifyContext


class EnsembleVerifier(msgspec.Struct, frozen=True):
    """Verifies against weight * p + (1 - weight) * q. The last token of an accepted draft is the target's own."""

    weight: float

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Verify a chain of n tokens by one target forward."""
        n = draft.tokens.shape[0]
        if not n or draft.shown is None:
            return EXACT.verify(context, draft)
        logits = context.logits(draft.tokens)
        if context.warp.greedy:
            shown = logits.softmax(-1)
            mixed = _with_first(self.weight * shown[:n] + (1 - self.weight) * draft.shown, shown)
            return Verdict(accept.greedy(mixed.argmax(-1), draft.tokens), logits, shown)
        p, q = sampling.probabilities(logits, context.warp), _drawn_from(draft, logits)
        mixed = _with_first(self.weight * p[:n] + (1 - self.weight) * q, p)
        return Verdict(accept.exact(mixed, q, draft.tokens, context.u, context.u_last), logits, p)


class LenientVerifier(msgspec.Struct, frozen=True):
    """Accepts with min(1, p / (lenience q)); greedy, a token with at least lenience times the largest probability."""

    lenience: float

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Verify a chain of n tokens by one target forward."""
        n = draft.tokens.shape[0]
        if not n:
            return EXACT.verify(context, draft)
        logits = context.logits(draft.tokens)
        if context.warp.greedy:
            shown = logits.softmax(-1)
            return Verdict(self._greedy(shown, draft.tokens), logits, shown)
        p, q = sampling.probabilities(logits, context.warp), _drawn_from(draft, logits)
        lenient = _with_first(p[:n] / self.lenience, p)
        return Verdict(accept.exact(lenient, q, draft.tokens, context.u, context.u_last), logits, p)

    def _greedy(self, p: Tensor, tokens: Tensor) -> Acceptance:
        drafted = p[:-1].gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
        kept = (drafted >= self.lenience * p[:-1].amax(-1)).float()
        n_accepted = kept.long().cumprod(-1).sum(-1)
        last_id = p.argmax(-1).gather(-1, n_accepted.unsqueeze(-1)).squeeze(-1)
        return Acceptance(n_accepted, last_id, kept, kept)


def _with_first(first: Tensor, rows: Tensor) -> Tensor:
    """The first n rows replaced, the last one as it is."""
    return torch.cat([first, rows[first.shape[0] :]])


def _drawn_from(draft: Draft, logits: Tensor) -> Tensor:
    """What the tokens were drawn from, one-hot for a point mass."""
    return functional.one_hot(draft.tokens, logits.shape[-1]).to(torch.float32) if draft.q is None else draft.q
