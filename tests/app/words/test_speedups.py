"""What is said of a speedup: an interval, a range, or neither; and why a loss is one."""

import pytest

from app.words import speedups
from engine.runs.summary import BlockTime, Summary
from engine.statistics import Interval, RatioEstimate


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (None, "—"),
        (RatioEstimate(2.7), "2.70×"),
        (RatioEstimate(2.7, None, Interval(2.5, 2.9), 5), "2.70× (2.50 to 2.90 over 5 repeats)"),
        (RatioEstimate(2.7, Interval(2.6, 2.8), Interval(2.5, 2.9), 12), "2.70× [2.60, 2.80]"),
    ],
)
def test_ten_repeats_have_an_interval_and_fewer_a_range(estimate: RatioEstimate | None, text: str) -> None:
    assert speedups.figure(estimate) == text


def test_words_never_claim_95_percent_below_ten_units() -> None:
    few, many = RatioEstimate(2.0, None, Interval(1.9, 2.1), 9), RatioEstimate(2.0, Interval(1.9, 2.1), None, 10)
    assert "95" not in speedups.spread(few, "prompts")
    assert speedups.spread(many, "prompts") == "95 % in [1.90, 2.10], 10 prompts"
    assert speedups.spread(RatioEstimate(2.0), "texts") == "one text"
    assert (speedups.bars(10), speedups.bars(1)) == ("bars: 95 %", "")
    assert "95" not in speedups.bars(5)


def summary(
    ratio: float, *, draft_ms: float = 0.0, verify_ms: float = 100.0, other_ms: float = 0.0, verify: float = 1.0
) -> Summary:
    """A finished measurement with this speedup and these times."""
    blocks = (BlockTime("plain", 0, 10.0, 10.0, None), BlockTime("speculative", 0, 10.0 / ratio, 10.0 * verify, 1.0))
    return Summary(draft_ms=draft_ms, verify_ms=verify_ms, other_ms=other_ms, blocks=blocks)


def test_a_loss_is_said_with_the_cost_that_is_to_blame() -> None:
    assert speedups.slower(summary(0.91, draft_ms=38, verify_ms=62)) == "slower here, drafting costs 38 % of the round"
    assert "verifying more than one token costs 50 %" in speedups.slower(summary(0.91, verify=2.0))
    assert "neither drafting nor verifying costs 20 %" in speedups.slower(summary(0.91, verify_ms=80, other_ms=20))


def test_a_gain_is_no_loss_and_nothing_is_said_before_it_is_measured() -> None:
    assert speedups.slower(summary(1.2)) == ""
    assert speedups.slower(Summary()) == ""
    assert speedups.slower(summary(0.9, verify_ms=0.0)) == "slower here"


def test_drafting_nothing_is_a_draft_length() -> None:
    assert [speedups.best_gamma(best) for best in (None, 3, 0)] == ["—", "3", "leave it off"]
