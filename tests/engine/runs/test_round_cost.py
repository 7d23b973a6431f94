"""What a round costs beyond the target step that plain decoding takes anyway."""

import pytest

from engine.runs.round_cost import RoundCost, round_cost, verdict
from engine.runs.summary import BlockTime, Summary


def summary(*, draft_ms: float, verify_ms: float, other_ms: float, verify_ratio: float) -> Summary:
    """A run whose rounds took this long, and whose target steps were timed."""
    blocks = (BlockTime("plain", 0, 10.0, 10.0, None), BlockTime("speculative", 0, 11.0, 10.0 * verify_ratio, 1.0))
    return Summary(n_rounds=2, draft_ms=draft_ms, verify_ms=verify_ms, other_ms=other_ms, blocks=blocks)


def test_shares_are_of_the_whole_round_and_one_token_to_verify_is_free() -> None:
    cost = round_cost(summary(draft_ms=38.0, verify_ms=60.0, other_ms=2.0, verify_ratio=1.5))
    assert cost == pytest.approx(RoundCost(0.38, 0.2, 0.02))
    assert cost is not None
    assert cost.largest == "drafting"


@pytest.mark.parametrize(
    ("cost", "largest"),
    [
        (RoundCost(0.1, 0.3, 0.2), "verifying"),
        (RoundCost(0.1, 0.1, 0.2), "fixed"),
        (RoundCost(0.2, 0.1, 0.2), "drafting"),
    ],
)
def test_the_largest_term_is_named(cost: RoundCost, largest: str) -> None:
    assert cost.largest == largest


def test_nothing_is_said_before_it_was_measured() -> None:
    assert round_cost(Summary()) is None
    assert round_cost(Summary(draft_ms=1.0, verify_ms=2.0)) is None


def test_verifying_more_that_seems_cheaper_costs_nothing() -> None:
    cost = round_cost(summary(draft_ms=1.0, verify_ms=9.0, other_ms=0.0, verify_ratio=0.9))
    assert cost is not None
    assert cost.verifying == 0.0


def test_a_loss_names_its_cost_and_a_gain_is_one() -> None:
    slow = summary(draft_ms=38.0, verify_ms=60.0, other_ms=2.0, verify_ratio=1.5)
    assert verdict(slow) == "slower here, drafting costs 38% of the round"
    fast = (BlockTime("plain", 0, 10.0, 10.0, None), BlockTime("speculative", 0, 5.0, 10.0, 1.0))
    assert verdict(Summary(blocks=fast)) == "drafting pays"
    assert verdict(Summary()) == ""
