"""What is recommended, and why not the others, in words."""

import pytest
from msgspec.structs import replace

from engine.events import LaneFigures
from engine.experiments.recommending import of_speedup, recommendation, slow_term, why_not
from engine.statistics import Interval, RatioEstimate

PLAIN = LaneFigures("plain", "none", 0, "plain", 20, 2000, speedup=RatioEstimate(1.0), ms_per_token=10.0)


def lane(name: str, gamma: int, value: float, **changes: object) -> LaneFigures:
    estimate = RatioEstimate(value, Interval(value - 0.07, value + 0.08), Interval(value - 0.3, value + 0.3), 20)
    figures = LaneFigures(
        f"{name} γ {gamma}", name, gamma, "speculative", 20, 2000, alpha=0.8, tau=2.9, c=0.1, verify_per_token=0.05,
        speedup=estimate, memory_bytes=100, same_text=True,
    )  # fmt: skip
    return replace(figures, **changes)


def test_the_fastest_lane_is_recommended_with_its_interval_and_its_rival() -> None:
    a = lane("A", 3, 1.2, alpha=0.9, c=0.3)
    b = lane("B", 3, 1.62)
    chosen = recommendation([PLAIN, a, b], "20 prompts")
    assert (chosen.drafter, chosen.lane, chosen.gamma) == ("B", "B γ 3", 3)
    assert chosen.because.startswith("ship B at γ 3: 1.62× [1.55, 1.70]")
    assert "A γ 3 accepts more (0.90) but costs 3.0× as much a step" in chosen.because


def test_drafting_is_left_off_where_every_lane_loses() -> None:
    chosen = recommendation([PLAIN, lane("A", 4, 0.91, c=0.4, tau=2.0)], "20 prompts")
    assert (chosen.drafter, chosen.lane, chosen.gamma) == ("none", "plain", 0)
    assert "leave drafting off" in chosen.because
    assert "drafting costs 1.60 steps a round" in chosen.because


def test_a_lane_with_another_text_is_never_recommended() -> None:
    wrong = lane("A", 3, 3.0, same_text=False, n_differing=4)
    chosen = recommendation([PLAIN, wrong, lane("B", 3, 1.3)], "")
    assert chosen.drafter == "B"
    assert why_not(wrong, chosen, [PLAIN, wrong, lane("B", 3, 1.3)]) == (
        "its text differs from plain decoding on 4 of 20 prompts"
    )


def test_of_two_equally_fast_lanes_the_smaller_is_recommended() -> None:
    large, small = lane("large", 3, 1.500, memory_bytes=500), lane("small", 3, 1.495, memory_bytes=50)
    assert recommendation([PLAIN, large, small], "").drafter == "small"


def test_a_gain_that_may_be_none_is_called_so() -> None:
    assert "may be no gain" in recommendation([PLAIN, lane("A", 2, 1.04)], "").because


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"alpha": 0.6, "c": 0.05}, "accepts less (0.60 against 0.80) though it costs less a step"),
        ({"alpha": 0.6, "c": 0.2}, "accepts less (0.60 against 0.80) and costs more a step"),
        ({"alpha": 0.9, "c": 0.2}, "accepts more (0.90) but costs 2.0× as much a step"),
        ({"why_not": "token 17 is another word"}, "token 17 is another word"),
        ({"speedup": None}, "not measured"),
    ],
)
def test_every_other_lane_says_why_not(changes: dict[str, object], words: str) -> None:
    best, other = lane("B", 3, 1.62), lane("A", 3, 1.3, **changes)
    chosen = recommendation([PLAIN, best], "")
    assert words in why_not(other, chosen, [PLAIN, best, other])
    assert why_not(best, chosen, [PLAIN, best, other]) == ""
    assert "1.62×" in why_not(PLAIN, chosen, [PLAIN, best, other])


def test_the_same_drafter_at_other_lengths_drafts_too_far_or_too_little() -> None:
    best, longer, shorter = lane("B", 3, 1.6), lane("B", 8, 1.3), lane("B", 1, 1.4)
    lanes = [PLAIN, best, longer, shorter]
    chosen = recommendation(lanes, "")
    assert "drafts further" in why_not(longer, chosen, lanes)
    assert "undrafted" in why_not(shorter, chosen, lanes)


def test_fewer_than_ten_prompts_have_a_range() -> None:
    assert of_speedup(RatioEstimate(1.5, None, Interval(1.2, 1.9), 5)) == "1.50× (1.20 to 1.90 over 5)"
    assert of_speedup(RatioEstimate(1.5)) == "1.50×"


def test_the_heaviest_term_is_named() -> None:
    assert "verifying 4 tokens" in slow_term(lane("A", 3, 0.9, verify_per_token=0.4))
    assert "drafting costs" in slow_term(lane("A", 3, 0.9, c=0.5))
    assert "nothing" in slow_term(lane("A", 3, 0.9, c=None))
