"""Verifiers choose the rule that a draft and the warping need, and are told apart where rounds are kept by them."""

import pytest
import torch
from torch import Tensor

from engine.decoding import accept, accept_block, sampling
from engine.decoding.accept import Acceptance
from engine.decoding.drafting import Draft, chain
from engine.decoding.sampling import Warp
from engine.decoding.tree_verifying import TreeVerifier
from engine.decoding.verifying import BLOCK, EXACT, BlockVerifier, Verifier, VerifyContext

N, V = 3, 6
BOTH = pytest.mark.parametrize("verifier", [EXACT, BLOCK], ids=["token", "block"])


def asked(warp: Warp, *, point_mass: bool = False) -> tuple[VerifyContext, Draft, Tensor]:
    """A context, a drawn draft, and the target's logits."""
    rng = torch.Generator().manual_seed(2)
    logits, q = torch.randn(N + 1, V, generator=rng), torch.randn(N, V, generator=rng).softmax(-1)
    u = torch.rand(2 * N + 1, generator=rng, dtype=torch.float64)
    draft = Draft(sampling.draw(q, u[:N]), chain(N, logits.device), None if point_mass or warp.greedy else q)
    return VerifyContext(lambda tokens: logits, warp, u[N:-1], u[-1]), draft, logits


def assert_same(a: Acceptance, b: Acceptance) -> None:
    assert all(x is y is None or torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_verifiers_are_different_keys() -> None:
    kinds: list[object] = [
        EXACT,
        BLOCK,
        TreeVerifier("recursive"),
        TreeVerifier("traversal"),
        TreeVerifier("independent"),
    ]
    assert len({id(kind): hash(kind) for kind in kinds}) == len(set(kinds)) == len(kinds)
    assert BlockVerifier() == BLOCK


def test_each_verifier_uses_its_rule_where_tokens_were_drawn() -> None:
    context, draft, logits = asked(Warp(0.8))
    p = sampling.probabilities(logits, Warp(0.8))
    assert draft.q is not None
    arguments = p, draft.q, draft.tokens, context.u, context.u_last
    assert_same(EXACT.verify(context, draft).acceptance, accept.exact(*arguments))
    assert_same(BLOCK.verify(context, draft).acceptance, accept_block.block(*arguments))


@BOTH
def test_greedy_decoding_takes_the_targets_best_tokens(verifier: Verifier) -> None:
    context, draft, logits = asked(Warp())
    assert_same(verifier.verify(context, draft).acceptance, accept.greedy(logits.argmax(-1), draft.tokens))


@BOTH
def test_tokens_that_were_not_drawn_are_point_masses(verifier: Verifier) -> None:
    context, draft, logits = asked(Warp(1.0), point_mass=True)
    p = sampling.probabilities(logits, Warp(1.0))
    expected = accept.point_mass(p, draft.tokens, context.u, context.u_last)
    assert_same(verifier.verify(context, draft).acceptance, expected)
