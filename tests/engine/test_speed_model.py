"""The formulas against the numbers the paper prints, and the estimators against counting."""

import pytest

from engine import speed_model


@pytest.mark.parametrize(
    ("alpha", "gamma", "operations", "speed"),
    [(0.6, 2, 1.53, 1.96), (0.7, 3, 1.58, 2.53), (0.8, 2, 1.23, 2.44), (0.8, 5, 1.63, 3.69), (0.9, 2, 1.11, 2.71),
     (0.9, 10, 1.60, 6.86)],
)  # fmt: skip
def test_table_1_of_the_paper_is_reproduced(alpha: float, gamma: int, operations: float, speed: float) -> None:
    assert speed_model.predicted_speedup(alpha, gamma, 0.0) == pytest.approx(speed, abs=0.005)
    assert speed_model.operation_factor(alpha, gamma, 0.0) == pytest.approx(operations, abs=0.005)


@pytest.mark.parametrize(
    ("alpha", "c", "gamma"), [(0.8, 0.02, 11), (0.8, 0.1, 6), (0.5, 0.2, 1), (0.9, 0.05, 13), (0.1, 0.3, 0)]
)
def test_best_draft_length_is_the_argmax_of_the_predicted_speedup(alpha: float, c: float, gamma: int) -> None:
    assert speed_model.best_gamma(alpha, c) == gamma


@pytest.mark.parametrize(("gamma", "c", "alpha"), [(4, 0.1, 0.29), (8, 0.1, 0.44), (3, 0.3, 0.51), (8, 0.3, 0.72)])
def test_break_even_acceptance_matches_the_derived_table(gamma: int, c: float, alpha: float) -> None:
    found = speed_model.break_even_alpha(gamma, c)
    assert found == pytest.approx(alpha, abs=0.01)


def test_a_drafter_as_slow_as_the_target_never_breaks_even() -> None:
    assert speed_model.break_even_alpha(4, 1.5) is None


def test_perfect_acceptance_emits_gamma_plus_one_tokens() -> None:
    assert speed_model.expected_tokens(1.0, 4) == 5.0
    assert speed_model.expected_tokens(0.0, 4) == 1.0


def test_ratio_interval_contains_the_ratio_and_narrows_with_more_rounds() -> None:
    few = speed_model.ratio_interval([0, 4], [1, 4], [5, 5])
    many = speed_model.ratio_interval([0, 4], [1, 4], [500, 500])
    assert few is not None
    assert many is not None
    assert few.low < 0.8 < few.high
    assert many.high - many.low < few.high - few.low


def test_intervals_are_absent_where_there_is_too_little_to_say() -> None:
    assert speed_model.ratio_interval([1], [1], [1]) is None
    assert speed_model.ratio_interval([0, 0], [0, 0], [3, 3]) is None
    assert speed_model.median_interval([1.0, 2.0]) is None
    assert speed_model.median_interval([2.0, 2.0, 2.0]) == (2.0, 2.0)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.85, 0.999_999_999_9, 1.0])
@pytest.mark.parametrize("gamma", [0, 1, 4, 64])
def test_the_closed_form_is_the_sum(alpha: float, gamma: int) -> None:
    expected = sum(alpha**i for i in range(gamma + 1))
    assert speed_model.expected_tokens(alpha, gamma) == pytest.approx(expected, rel=1e-6)


def test_a_gamma_no_loop_could_count_to_takes_no_time() -> None:
    assert speed_model.expected_tokens(0.5, 10**15) == pytest.approx(2.0)
