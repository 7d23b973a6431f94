"""The text from which a gate learns: drafted tokens while q <= p, and the target's own token where not.

Source: arXiv:2502.04557, section 3, and the released `dataset.py`. Rounds of several drafted tokens write the same text
as its single steps do, in fewer forwards of the target."""

import msgspec
import torch
from torch import Tensor

from engine.decoding import sampling
from engine.decoding.accept import Acceptance, row_at
from engine.decoding.drafting import Draft
from engine.decoding.verifying import EXACT, Verdict, VerifyContext


class HardLabelVerifier(msgspec.Struct, frozen=True):
    """Accepts drafted tokens, left to right, while q <= p, both at temperature 1 where decoding is greedy."""

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Verify a chain of n tokens by one target forward."""
        n = draft.tokens.shape[0]
        if not n or draft.shown is None:
            return EXACT.verify(context, draft)
        logits = context.logits(draft.tokens)
        p = logits.softmax(-1) if context.warp.greedy else sampling.probabilities(logits, context.warp)
        labels = hard_labels(p[:n], draft.shown, draft.tokens)
        n_accepted = labels.long().cumprod(-1).sum(-1)
        row = row_at(p, n_accepted)
        last_id = row.argmax(-1) if context.warp.greedy else sampling.draw(row, context.u_last)
        overlap = torch.minimum(p[:n], draft.shown).sum(-1)
        return Verdict(Acceptance(n_accepted, last_id, labels.float(), overlap), logits, p)


def hard_labels(p: Tensor, q: Tensor, tokens: Tensor) -> Tensor:
    """Whether q <= p for each token, [n] bool. p, q: [n, V]; tokens: [n]."""
    index = tokens.unsqueeze(-1)
    return (q.gather(-1, index) <= p.gather(-1, index)).squeeze(-1)
