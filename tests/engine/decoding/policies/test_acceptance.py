import pytest

from engine.decoding.policies.acceptance import RecentAcceptance
from engine.decoding.policies.policy import RoundFacts
from engine.speed_model import expected_tokens
from tests.engine.decoding.policies.rounds import drafted


def test_with_one_rate_everywhere_tokens_per_round_are_those_of_equation_1() -> None:
    recent = RecentAcceptance(8)
    for accepted in [0, 1, 2, 3, 4] * 40:
        recent.add(drafted(4, accepted))
    taus = recent.tokens_per_round()
    assert taus[0] == 1.0
    assert taus == sorted(taus)
    assert taus[4] == pytest.approx(3.0, rel=0.02)  # 2 accepted on average, and the last token


def test_a_position_without_drafts_has_the_rate_of_all() -> None:
    recent = RecentAcceptance(6)
    for accepted in [1, 1, 1, 0] * 50:
        recent.add(drafted(1, accepted))
    assert recent.alpha == pytest.approx(0.75, abs=0.02)
    assert recent.tokens_per_round()[6] == pytest.approx(expected_tokens(recent.alpha, 6), rel=0.02)


def test_old_rounds_are_forgotten() -> None:
    recent = RecentAcceptance(1)
    for accepted in [1] * 100 + [0] * 1500:
        recent.add(drafted(1, accepted))
    assert recent.alpha < 0.1


def test_the_upper_end_holds_the_rate_and_narrows_with_what_is_known() -> None:
    recent = RecentAcceptance(1)
    assert recent.highest_alpha() == 1.0
    ends = []
    for _ in range(20):
        recent.add(drafted(1, 0))
        ends.append(recent.highest_alpha())
    assert ends == sorted(ends, reverse=True)
    assert ends[2] == pytest.approx(1.28**2 / (3 + 1.28**2), abs=0.01)


def test_a_limit_leaves_the_rate_and_weakens_what_is_known() -> None:
    recent = RecentAcceptance(2)
    for _ in range(20):
        recent.add(drafted(2, 1))
    recent.limit(4.0)
    assert recent.n_tested == pytest.approx(4.0)
    recent.limit(9.0)
    assert recent.n_tested == pytest.approx(4.0)


def test_drafts_longer_than_the_window_are_counted_as_far_as_it_goes() -> None:
    recent = RecentAcceptance(2)
    recent.add(RoundFacts(5, 5, 5, 1.0, 10))
    assert recent.n_tested == 2
