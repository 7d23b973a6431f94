"""Verifies a run by its last token alone, as the released code of SPRINTER does.

Source: arXiv:2502.04557, section 3: where the gate stopped, the target is asked about that token; all before it stay.
p > 0 is required only there: a token of probability 0 under the target can be let through, and is never accepted when
it is tested."""

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding import accept, sampling
from engine.decoding.accept import Acceptance
from engine.decoding.drafting import Draft
from engine.decoding.verifying import EXACT, Verdict, VerifyContext


class LastTokenVerifier(msgspec.Struct, frozen=True):
    """Tests the last token of a run with the exact rule and keeps the others; the last token of the round is the
    target's, from the residual after a rejection.

    accept_prob is what the exact rule would have tested each token with, whether it was tested or not."""

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Verify a chain of n tokens by one target forward."""
        n = draft.tokens.shape[0]
        if not n:
            return EXACT.verify(context, draft)
        logits = context.logits(draft.tokens)
        if context.warp.greedy:
            return Verdict(_greedy(logits.argmax(-1), draft.tokens), logits, logits.softmax(-1))
        p, q = sampling.probabilities(logits, context.warp), draft.q
        if q is None:
            q = functional.one_hot(draft.tokens, p.shape[-1]).to(p.dtype)
        odds = accept.exact_odds(p, q, draft.tokens)
        n_accepted = n - 1 + (context.u[-1] < odds.accept_prob[-1]).long()
        last_id = sampling.draw(odds.rest(n_accepted), context.u_last)
        return Verdict(Acceptance(n_accepted, last_id, odds.accept_prob, torch.minimum(p[:n], q).sum(-1)), logits, p)


def _greedy(best: Tensor, tokens: Tensor) -> Acceptance:
    """The rule where both distributions are one-hot. best: [n + 1], tokens: [n] ids, n at least 1."""
    equal = (best[:-1] == tokens).float()
    n_accepted = tokens.shape[0] - 1 + equal[-1].long()
    return Acceptance(n_accepted, best.gather(-1, n_accepted.unsqueeze(-1)).squeeze(-1), equal, equal)


LAST_TOKEN = LastTokenVerifier()
