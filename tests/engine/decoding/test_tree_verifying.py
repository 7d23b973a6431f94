"""The verifier of trees chooses the rule that a draft and the warping need."""

import pytest
import torch
from torch import Tensor

from engine.decoding import accept_tree, sampling
from engine.decoding.accept_tree import TreeAcceptance
from engine.decoding.drafting import Draft
from engine.decoding.sampling import Warp
from engine.decoding.tree_verifying import TreeRule, TreeVerifier
from engine.decoding.verifying import VerifyContext

PARENTS = torch.tensor([-1, -1, 0, 0, 1, 1])
N, V = len(PARENTS), 6
EVERY_RULE = pytest.mark.parametrize("rule", ["recursive", "traversal", "independent"])


def asked(warp: Warp, *, point_mass: bool = False) -> tuple[VerifyContext, Draft, Tensor]:
    """A context, a draft, and the target's logits in node order."""
    rng = torch.Generator().manual_seed(2)
    logits, q = torch.randn(N + 1, V, generator=rng), torch.randn(N, V, generator=rng).softmax(-1)
    u = torch.rand(N + 1, generator=rng, dtype=torch.float64)
    draft = Draft(torch.tensor([0, 1, 2, 3, 4, 5]), PARENTS, None if point_mass or warp.greedy else q)
    return VerifyContext(lambda tokens: logits, warp, u[:N], u[N]), draft, logits


def assert_same(a: TreeAcceptance, b: TreeAcceptance) -> None:
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@EVERY_RULE
def test_the_named_rule_judges_what_was_drawn(rule: TreeRule) -> None:
    context, draft, logits = asked(Warp(0.7))
    p = sampling.probabilities(logits, Warp(0.7))
    assert draft.q is not None
    expected = getattr(accept_tree, rule)(p, draft.q, draft.tokens, PARENTS, context.u, context.u_last)
    verdict = TreeVerifier(rule).verify(context, draft)
    assert_same(verdict.acceptance, expected)
    assert torch.equal(verdict.p, p)


@EVERY_RULE
def test_greedy_decoding_walks_down_the_best_tokens(rule: TreeRule) -> None:
    context, draft, logits = asked(Warp())
    expected = accept_tree.greedy_walk(logits.argmax(-1), draft.tokens, PARENTS)
    assert_same(TreeVerifier(rule).verify(context, draft).acceptance, expected)


@EVERY_RULE
def test_children_that_were_not_drawn_are_point_masses(rule: TreeRule) -> None:
    context, draft, logits = asked(Warp(1.0), point_mass=True)
    p = sampling.probabilities(logits, Warp(1.0))
    expected = accept_tree.point_mass(p, draft.tokens, PARENTS, context.u, context.u_last)
    assert_same(TreeVerifier(rule).verify(context, draft).acceptance, expected)
