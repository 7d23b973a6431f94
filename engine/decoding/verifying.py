"""The interface of a verifier, which accepts or rejects drafted tokens, and the exact one of speculative decoding."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from torch import Tensor

from engine.decoding import accept, sampling
from engine.decoding.accept import Acceptance
from engine.decoding.drafting import Draft
from engine.decoding.sampling import Warp


class VerifyContext(NamedTuple):
    """Input of a verifier for a draft of n tokens.

    logits: drafted tokens [n] -> the target's logits [n + 1, V] float32 after the last committed id and each of them;
    call it at most once. u: [n] and u_last: [] float64 uniforms in [0, 1)."""

    logits: Callable[[Tensor], Tensor]
    warp: Warp
    u: Tensor
    u_last: Tensor


class Verdict(NamedTuple):
    """A verification's result. logits: [n + 1, V] it used; p: [n + 1, V] float32, the distributions to show."""

    acceptance: Acceptance
    logits: Tensor
    p: Tensor


class Verifier(Protocol):
    """Decides which tokens of a draft are accepted. It must be hashable, and run the same operations for the same
    shapes: a device may replay them."""

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Verify a draft, always a chain, without reading anything back from the device."""


class ExactVerifier(NamedTuple):
    """The rules whose output is distributed exactly as the target's. Source: arXiv:2211.17192, algorithm 1."""

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Verify a chain of n tokens by one target forward."""
        logits = context.logits(draft.tokens)
        if context.warp.greedy:
            return Verdict(accept.greedy(logits.argmax(-1), draft.tokens), logits, logits.softmax(-1))
        p = sampling.probabilities(logits, context.warp)
        if draft.q is None:
            acceptance = accept.point_mass(p, draft.tokens, context.u, context.u_last)
        else:
            acceptance = accept.exact(p, draft.q, draft.tokens, context.u, context.u_last)
        return Verdict(acceptance, logits, p)


EXACT = ExactVerifier()
