"""Every accept rule, integrated exactly: the target's law to rounding, their order, and faults that are noticed."""

import pytest
import torch
from torch import Tensor

from engine.bench import exact_rules
from engine.bench.exact_rules import BINARY_TREE, ExactRule, RuleGain, RuleResult, RuleTables, Tables
from engine.decoding import accept, accept_block, tree_odds
from engine.decoding.accept_block import BlockOdds

ROUNDING = 1e-12
CHAIN, DEEP, WIDE, BRANCHED_LATE = (-1, 0, 1), (-1, -1, 0, 0, 2, 2), (-1, -1, -1, 1, 1), (-1, 0, 1, 1, 2)


@pytest.fixture(scope="module")
def tables() -> RuleTables:
    *_, whole = exact_rules.compare_rules(12, seed=0)
    assert isinstance(whole, RuleTables)
    return whole


def worst(rule: ExactRule, parents: tuple[int, ...], seed: int = 1) -> float:
    """The largest deviation of any probability from the target's, over some tables."""
    made = exact_rules.random_tables(6, 6, 0.7, seed)
    return max(exact_rules.errors(exact_rules.emissions(rule, made, parents), made))


def results_of(tables: RuleTables, rule: ExactRule) -> list[RuleResult]:
    return [result for result in tables.results if result.rule == rule]


def test_every_rule_emits_the_targets_law(tables: RuleTables) -> None:
    assert len(tables.results) == 4 * 2 + 3 * 4
    assert tables.largest_error < ROUNDING
    assert all(result.mean_accepted > 0.3 for result in tables.results)


@pytest.mark.parametrize("parents", [DEEP, WIDE, BRANCHED_LATE, CHAIN], ids=str)
@pytest.mark.parametrize("rule", exact_rules.TREE_RULES)
def test_every_rule_for_trees_emits_the_targets_law_whatever_the_shape(
    rule: ExactRule, parents: tuple[int, ...]
) -> None:
    assert worst(rule, parents) < ROUNDING


def test_no_rule_accepts_fewer_than_the_one_before_it_in_any_table(tables: RuleTables) -> None:
    assert tables.least_gain > -ROUNDING
    assert {(gain.other, gain.rule) for gain in tables.gains} == set(exact_rules.ORDERED)
    assert all(gain.least > 1e-4 for gain in tables.gains if len(gain.parents) > 2 and gain.other != "independent")


def test_block_verification_gains_from_two_tokens_on(tables: RuleTables) -> None:
    gains = {len(gain.parents): gain for gain in tables.gains if gain.rule == "block"}
    assert (abs(gains[1].least), abs(gains[1].most)) < (ROUNDING, ROUNDING)
    assert gains[2].mean < gains[3].mean < gains[4].mean
    means = [result.mean_accepted for result in results_of(tables, "token")]
    assert means == sorted(means)
    assert means[0] == pytest.approx(0.6, abs=0.1)


# Means over twelve other tables of the same kinds: of trees that are peaky, medium and flat, of chains by draft length.
N_KNOWN, N_OURS = 12, 60
TREES_KNOWN: dict[ExactRule, tuple[float, ...]] = {
    "independent": (0.965, 1.266, 1.437),
    "recursive": (1.259, 1.506, 1.653),
    "point_mass": (1.244, 1.287, 1.132),
    "traversal": (1.284, 1.531, 1.687),
}
CHAINS_KNOWN: dict[ExactRule, tuple[float, ...]] = {
    "token": (0.600, 0.898, 0.942, 1.353),
    "block": (0.600, 0.920, 1.064, 1.533),
}


def assert_as_known(accepted: Tensor, known: float) -> None:
    """Two means over tables differ by no more than three standard errors."""
    error = float(accepted.std()) * (1 / N_KNOWN + 1 / N_OURS) ** 0.5
    assert abs(float(accepted.mean()) - known) < 3 * error


@pytest.mark.parametrize("rule", TREES_KNOWN)
def test_trees_accept_as_many_as_is_known_of_such_tables(rule: ExactRule) -> None:
    for concentration, known in zip(exact_rules.CONCENTRATIONS, TREES_KNOWN[rule], strict=True):
        made = exact_rules.random_tables(N_OURS, 3, concentration, seed=5)
        assert_as_known(exact_rules.emissions(rule, made, BINARY_TREE).accepted, known)


@pytest.mark.parametrize("rule", CHAINS_KNOWN)
def test_chains_accept_as_many_as_is_known_of_such_tables(rule: ExactRule) -> None:
    for gamma, known in zip(exact_rules.GAMMAS, CHAINS_KNOWN[rule], strict=True):
        made = exact_rules.random_tables(N_OURS, 5, 1.0, seed=5)
        assert_as_known(exact_rules.emissions(rule, made, tuple(range(-1, gamma - 1))).accepted, known)


def test_most_probable_children_beat_independent_ones_only_where_one_token_stands_out() -> None:
    better = []
    for concentration in exact_rules.CONCENTRATIONS:
        made = exact_rules.random_tables(N_OURS, 3, concentration, seed=5)
        best, independent = (exact_rules.emissions(rule, made, BINARY_TREE) for rule in ("point_mass", "independent"))
        better.append(float((best.accepted - independent.accepted).mean()))
    assert better[0] > 0.1
    assert better[2] < -0.1


def one_hot(tables: Tables) -> Tables:
    """The same with a drafter that always proposes its best token."""
    return tables._replace(q=tuple(torch.nn.functional.one_hot(q.argmax(-1), q.shape[-1]).double() for q in tables.q))


def test_block_verification_of_point_masses_accepts_as_the_token_rule() -> None:
    made = one_hot(exact_rules.random_tables(20, 5, 1.0, seed=2))
    for parents in (CHAIN, (-1, 0, 1, 2)):
        block, token = (exact_rules.emissions(rule, made, parents) for rule in ("block", "token"))
        assert torch.allclose(block.accepted, token.accepted, atol=ROUNDING)
        assert torch.allclose(block.joint, token.joint, atol=ROUNDING)


def test_block_verification_of_greedy_models_accepts_as_the_token_rule() -> None:
    made = one_hot(exact_rules.random_tables(20, 4, 1.0, seed=2))
    made = made._replace(p=one_hot(Tables(made.q, made.p)).q)
    block, token = (exact_rules.emissions(rule, made, CHAIN) for rule in ("block", "token"))
    assert torch.equal(block.accepted, token.accepted)
    assert torch.equal(block.joint, token.joint)


def test_traversal_of_a_chain_is_block_verification() -> None:
    made = exact_rules.random_tables(10, 4, 1.0, seed=3)
    traversal, block = (exact_rules.emissions(rule, made, CHAIN) for rule in ("traversal", "block"))
    assert torch.allclose(traversal.accepted, block.accepted, atol=ROUNDING)


# What others got wrong: each must be noticed.


def test_a_residual_without_the_probability_of_the_prefix_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = accept_block.block_odds

    def wrong(p: Tensor, q: Tensor, tokens: Tensor) -> BlockOdds:
        odds, prefix_prob = right(p, q, tokens)
        return BlockOdds(odds._replace(rest=accept.exact_odds(p, q, tokens).rest), prefix_prob)

    monkeypatch.setattr(accept_block, "block_odds", wrong)
    assert worst("block", CHAIN) > 1e-3


def test_stopping_at_the_first_failure_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worst("block", CHAIN) < ROUNDING
    monkeypatch.setattr(accept_block, "longest", lambda accepted: accepted.long().cumprod(-1).sum(-1))
    assert worst("block", CHAIN) > 1e-3


@pytest.mark.parametrize("parents", [BINARY_TREE, WIDE], ids=str)
def test_a_probability_that_is_recomputed_in_place_of_the_stored_one_is_noticed(
    parents: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worst("traversal", parents) < ROUNDING
    monkeypatch.setattr(tree_odds, "filled", lambda mass, reached: reached)
    assert worst("traversal", parents) > 1e-3


def test_siblings_that_are_left_in_the_drafters_distribution_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    untried = tree_odds.untried
    made = exact_rules.random_tables(6, 3, 0.7, 1)
    drafted = exact_rules._drafted
    monkeypatch.setattr(tree_odds, "untried", lambda q, tokens, parents: q)
    monkeypatch.setattr(
        exact_rules, "_drafted",
        lambda rule, q, tokens, parents: drafted("independent", untried(q, tokens, parents), tokens, parents),
    )  # fmt: skip
    for rule in ("recursive", "traversal"):
        assert max(exact_rules.errors(exact_rules.emissions(rule, made, BINARY_TREE), made)) > 1e-3


def test_results_are_told_one_by_one() -> None:
    told = list(exact_rules.compare_rules(2, seed=3))
    assert all(isinstance(item, RuleResult) for item in told[:-1])
    assert isinstance(told[-1], RuleTables)
    assert tuple(told[:-1]) == told[-1].results
    assert all(isinstance(gain, RuleGain) for gain in told[-1].gains)
