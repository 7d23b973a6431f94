import pytest

from engine.decoding.policies.acceptance import RecentAcceptance
from engine.decoding.policies.best_speedup import BestSpeedup
from engine.decoding.policies.policy import LADDER, RoundFacts, ladder
from engine.decoding.policies.round_times import RoundTimes
from engine.speed_model import best_gamma
from tests.engine.decoding.policies.rounds import drafted


def rule(c: float, lengths: tuple[int, ...] = LADDER) -> BestSpeedup:
    """A rule that knows rounds of plain decoding in 10 ms and drafter steps of c times that."""
    times = RoundTimes()
    for n in (0, 1, 16):
        times.calibrate(n, 10.0 * (1 + c * n))
    return BestSpeedup(lengths, times)


def recent_at(alpha_of_ten: int, n: int = 60) -> RecentAcceptance:
    """Acceptance of so many in ten tested tokens."""
    recent = RecentAcceptance(64)
    for i in range(n):
        recent.add(drafted(1, int(i * alpha_of_ten // 10 != (i + 1) * alpha_of_ten // 10)))
    return recent


@pytest.mark.parametrize(("c", "alpha_of_ten"), [(0.02, 6), (0.05, 7), (0.1, 8), (0.2, 5)])
def test_the_chosen_length_is_about_that_of_the_formula(c: float, alpha_of_ten: int) -> None:
    recent = recent_at(alpha_of_ten)
    decision = rule(c).while_drafting(20, recent)
    assert decision is not None and decision.reason == "faster"
    assert abs(decision.gamma - best_gamma(recent.alpha, c, 0.0)) <= 1
    assert decision.predicted_before is not None and decision.predicted_after is not None
    assert decision.predicted_after > 1.02 * decision.predicted_before


def test_a_length_that_is_nearly_the_best_stays() -> None:
    assert rule(0.05).while_drafting(6, recent_at(7)) is None


def test_drafting_ends_only_where_the_upper_end_of_acceptance_cannot_pay() -> None:
    decision = rule(0.6).while_drafting(1, recent_at(1))
    assert decision is not None and (decision.gamma, decision.reason) == (0, "too_slow")
    few = RecentAcceptance(64)
    few.add(drafted(1, 0))
    decision = rule(0.3).while_drafting(1, few)
    assert decision is None or decision.gamma


def test_drafting_begins_again_where_the_estimate_itself_pays() -> None:
    assert rule(0.6).while_plain(recent_at(4)) is None
    decision = rule(0.1).while_plain(recent_at(6))
    assert decision is not None and decision.reason == "pays" and decision.gamma in LADDER


def test_plain_decoding_is_timed_first() -> None:
    unknown = BestSpeedup((4,), RoundTimes())
    decision = unknown.while_drafting(4, recent_at(5))
    assert decision is not None and (decision.gamma, decision.reason) == (0, "timing")
    assert unknown.predicted(4, recent_at(5)) is None


def test_a_round_in_which_nothing_was_proposed_is_no_plain_one() -> None:
    times = RoundTimes()
    rule = BestSpeedup((4,), times)
    rule.learn(RoundFacts(4, 0, 0, 3.0, 10))
    assert not times.knows(0)
    rule.learn(RoundFacts(0, 0, 0, 3.0, 10))
    assert times.ms(0) == 3.0


def test_the_ladder_holds_the_usual_lengths_and_those_asked_for() -> None:
    assert ladder(6, 7) == (1, 2, 3, 4, 5, 6, 7)


def test_a_new_text_is_expected_to_be_like_the_last_with_little_weight() -> None:
    times = RoundTimes()
    first = BestSpeedup((1, 4), times).expected()
    for _ in range(200):
        first.add(drafted(4, 4))
    again = BestSpeedup((4,), times).expected()
    assert again.alpha > 0.9
    assert again.n_tested <= 20
    longer = BestSpeedup((8,), times).expected()
    assert longer.n_tested == 0 and longer.most == 8
