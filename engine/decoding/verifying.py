"""What a verifier is: it judges a draft by the target's distributions; the exact one of speculative decoding."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from torch import Tensor

from engine.decoding import accept, sampling
from engine.decoding.accept import Acceptance
from engine.decoding.drafting import Draft
from engine.decoding.sampling import Warp


class VerifyContext(NamedTuple):
    """What a draft of n tokens is judged with.

    logits: drafted tokens [n] -> the target's logits [n + 1, V] float32 after the last committed id and each of them;
    to be called at most once. u: [n] and u_last: [] float64 uniforms in [0, 1)."""

    logits: Callable[[Tensor], Tensor]
    warp: Warp
    u: Tensor
    u_last: Tensor


class Verdict(NamedTuple):
    """What became of a draft. logits: [n + 1, V] it was judged by; p: [n + 1, V] float32, the distributions to show."""

    acceptance: Acceptance
    logits: Tensor
    p: Tensor


class Verifier(Protocol):
    """Whatever decides what is kept of a draft. It must be hashable, and do the same to the same shapes: a device may
    replay what it did."""

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Judge a draft, which is a chain; reads nothing back from the device."""


class ExactVerifier(NamedTuple):
    """The rules whose output is distributed exactly as the target's. Source: arXiv:2211.17192, algorithm 1."""

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Judge a chain of n tokens by one target forward."""
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
