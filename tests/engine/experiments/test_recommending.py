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
        ({"alpha": None}, "it proposed nothing"),
        ({"alpha": 0.8, "c": 0.3}, "accepts as much (0.80) but costs 3.0× as much a step"),
        ({"alpha": 0.9, "c": 0.01, "tau": 1.4}, "accepts more (0.90) but brings 1.40 tokens a round against 2.90"),
        ({"alpha": 0.9, "c": 0.1}, "accepts more (0.90) but costs more a round"),
        ({"speedup": RatioEstimate(1.615), "memory_bytes": 101}, "is as fast but takes more memory"),
        ({"speedup": RatioEstimate(0.9)}, "slower than plain decoding"),
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


def test_a_drafter_that_costs_next_to_nothing_is_no_divisor() -> None:
    best = lane("lookup", 3, 1.6, c=0.0)
    assert (
        "costs 0.30 plain steps each" in recommendation([PLAIN, best, lane("A", 3, 1.2, alpha=0.9, c=0.3)], "").because
    )


def test_what_is_neither_drafting_nor_verifying_may_be_the_heaviest() -> None:
    slow = lane("lookup", 4, 0.8, c=0.0, verify_per_token=0.01, tau=1.6)
    assert "what is neither drafting nor verifying costs 0.96 steps a round" in slow_term(slow)


def test_nothing_accepted_and_nothing_proposed_are_told_apart() -> None:
    assert slow_term(lane("A", 3, 0.9, alpha=None)) == "it proposed nothing"
    assert slow_term(lane("A", 3, 0.9, alpha=0.0)) == "nothing that it proposed was accepted"
    assert slow_term(lane("A", 3, 0.9, c=None)) == "2.90 tokens a round do not pay for it"


@pytest.mark.parametrize(
    ("lanes", "words"),
    [
        ([lane("A", 3, 1.005)], "the fastest, A at γ 3, is 1.00×"),
        ([lane("A", 3, 1.2, alpha=None)], "the fastest, A at γ 3, is 1.20×"),
        ([lane("A", 3, 2.0, same_text=False)], "no lane with a drafter writes the text of plain decoding"),
        (
            [lane("A", 3, 2.0, same_text=False), lane("B", 3, 2.0, same_text=False)],
            "none of the 2 lanes with drafters writes the text of plain decoding",
        ),
        ([lane("A", 3, 2.0, speedup=None), lane("B", 3, 2.0, speedup=None)], "none of the 2 lanes with drafters could"),
    ],
)
def test_drafting_is_left_off_with_the_reason(lanes: list[LaneFigures], words: str) -> None:
    chosen = recommendation([PLAIN, *lanes], "")
    assert (chosen.drafter, chosen.lane) == ("none", "plain")
    assert words in chosen.because
    assert all(why_not(each, chosen, [PLAIN, *lanes]) for each in lanes)


def test_texts_too_few_to_tell_from_rounding_are_said_to_be() -> None:
    unsure = lane("A", 3, 1.5, same_text=None, n_differing=1)
    assert "too few to tell this from rounding" in recommendation([PLAIN, unsure], "").because
    assert "rounding" not in recommendation([PLAIN, lane("A", 3, 1.5, same_text=None)], "").because


def test_a_range_that_reaches_a_loss_is_no_statement_about_chance() -> None:
    few = lane("A", 3, 1.2, speedup=RatioEstimate(1.2, None, Interval(0.9, 1.5), 5))
    assert "(0.90 to 1.50 over 5), with no gain in some of them" in recommendation([PLAIN, few], "").because
    assert "measured once" in recommendation([PLAIN, lane("A", 3, 1.2, speedup=RatioEstimate(1.2))], "").because


def test_a_drafter_in_a_folder_is_called_by_its_title() -> None:
    far = lane("near", 2, 1.5, drafter="/home/someone/near")
    chosen = recommendation([PLAIN, far], "")
    assert chosen.drafter == "/home/someone/near"
    assert chosen.because.startswith("ship near at γ 2")


def test_the_same_drafter_with_other_settings_is_only_slower() -> None:
    lanes = [PLAIN, lane("B", 3, 1.6), lane("B", 3, 1.4, lane="B, lenient γ 3")]
    assert why_not(lanes[2], recommendation(lanes, ""), lanes) == "B, lenient γ 3 is 1.40×"


def test_a_lane_faster_than_its_tokens_a_round_allow_is_called_disturbed_and_not_recommended() -> None:
    wrong, right = lane("A", 3, 8.2, tau=2.75), lane("B", 3, 1.5)
    lanes = [PLAIN, wrong, right]
    chosen = recommendation(lanes, "")
    assert chosen.drafter == "B"
    assert "measure again" in why_not(wrong, chosen, lanes)


def test_nothing_is_known_where_every_lane_is_faster_than_it_can_be() -> None:
    lanes = [PLAIN, lane("A", 3, 8.2, tau=2.75), lane("B", 3, 9.1, tau=2.75)]
    chosen = recommendation(lanes, "")
    assert (chosen.drafter, chosen.disturbed) == ("none", True)
    assert "measure again" in chosen.because
    assert not recommendation([PLAIN, lane("A", 3, 0.8)], "").disturbed


@pytest.mark.parametrize("same", [True, False, None])
def test_an_approximate_lane_is_never_recommended_however_fast(same: bool | None) -> None:
    gated = lane(
        "A", 20, 2.4, lane="A gate 0.5, approximate", method="sprinter", alpha=None, tau=6.0, same_text=same,
        n_differing=3 if same is False else 0,
    )  # fmt: skip
    lanes = [PLAIN, gated, lane("A", 3, 1.3)]
    chosen = recommendation(lanes, "")
    assert chosen.lane == "A γ 3"
    assert why_not(gated, chosen, lanes).startswith("approximate, so never recommended: ")
    alone = recommendation([PLAIN, gated], "")
    assert (alone.drafter, alone.disturbed) == ("none", False)
    assert "only approximate lanes were compared" in alone.because
