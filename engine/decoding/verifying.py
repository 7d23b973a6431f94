"""The interface of a verifier, which accepts or rejects drafted tokens, and the exact one of speculative decoding."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec
from torch import Tensor

from engine.decoding import accept, accept_block, sampling
from engine.decoding.accept import Acceptance, ChainRule
from engine.decoding.drafting import Draft
from engine.decoding.sampling import Warp
from engine.settings import AcceptRule


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
    """Decides which tokens of a draft are accepted. It must be hashable and equal to no other kind, and run the same
    operations for the same shapes: a device may replay them."""

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Verify a draft, always a chain, without reading anything back from the device."""


class ExactVerifier(msgspec.Struct, frozen=True):
    """The rules whose output is distributed exactly as the target's. Source: arXiv:2211.17192, algorithm 1."""

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Verify a chain of n tokens by one target forward."""
        return _verified(accept.exact, context, draft)


class BlockVerifier(msgspec.Struct, frozen=True):
    """As exact, and accepts more where tokens were drawn: it judges them together. Source: arXiv:2403.10444."""

    def verify(self, context: VerifyContext, draft: Draft) -> Verdict:
        """Verify a chain of n tokens by one target forward."""
        return _verified(accept_block.block, context, draft)


def _verified(rule: ChainRule, context: VerifyContext, draft: Draft) -> Verdict:
    """The verdict on a chain; the rule is for tokens that were drawn, in sampling."""
    logits = context.logits(draft.tokens)
    if context.warp.greedy:
        return Verdict(accept.greedy(logits.argmax(-1), draft.tokens), logits, logits.softmax(-1))
    p = sampling.probabilities(logits, context.warp)
    if draft.q is None:
        acceptance = accept.point_mass(p, draft.tokens, context.u, context.u_last)
    else:
        acceptance = rule(p, draft.q, draft.tokens, context.u, context.u_last)
    return Verdict(acceptance, logits, p)


EXACT, BLOCK = ExactVerifier(), BlockVerifier()


def chain_verifier(rule: AcceptRule) -> Verifier:
    """The verifier of chains by a rule; of a chain, recursive is token and traversal is block."""
    return BLOCK if rule in ("block", "traversal") else EXACT
