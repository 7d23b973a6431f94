"""The formulas against the numbers the paper prints, and the estimators against counting."""

from collections.abc import Sequence

import numpy as np
import pytest

from engine import speed_model, statistics
from engine.speed_model import CostModel
from engine.statistics import RatioSums, ratio_interval, running_interval


@pytest.mark.parametrize(
    ("alpha", "gamma", "operations", "speed"),
    [(0.6, 2, 1.53, 1.96), (0.7, 3, 1.58, 2.53), (0.8, 2, 1.23, 2.44), (0.8, 5, 1.63, 3.69), (0.9, 2, 1.11, 2.71),
     (0.9, 10, 1.60, 6.86)],
)  # fmt: skip
def test_table_1_of_the_paper_is_reproduced(alpha: float, gamma: int, operations: float, speed: float) -> None:
    assert speed_model.predicted_speedup(alpha, gamma, 0.0) == pytest.approx(speed, abs=0.005)
    assert speed_model.operation_factor(alpha, gamma, 0.0) == pytest.approx(operations, abs=0.005)


# What verifying one more token costs changes the best draft length; each row is argmax of tau / (1 + gamma (c + v)).
@pytest.mark.parametrize(
    ("alpha", "c", "verify", "gamma"),
    [(0.8, 0.02, 0.0, 11), (0.8, 0.1, 0.0, 6), (0.9, 0.05, 0.0, 13), (0.1, 0.3, 0.0, 0), (0.8, 0.1, 0.25, 3),
     (0.8, 0.1, 0.1, 4), (0.7, 0.05, 0.25, 2), (0.6, 0.3, 0.25, 1), (0.92, 0.05, 0.31, 5), (0.3, 0.2, 0.25, 0)],
)  # fmt: skip
def test_best_draft_length_counts_what_verifying_costs(alpha: float, c: float, verify: float, gamma: int) -> None:
    assert speed_model.best_gamma(alpha, c, verify) == gamma


def test_verifying_is_interpolated_between_the_widths_that_were_timed() -> None:
    model = CostModel(10.0, 2.0, 1.0, ((1, 9.0), (3, 11.0), (9, 17.0)))
    assert [model.verify_ms(width) for width in (1, 2, 3, 6, 9, 12)] == pytest.approx([9, 10, 11, 14, 17, 20])
    assert model.round_ms(2) == pytest.approx(2 + 2 + 11)
    assert model.round_ms(0) == 10.0
    assert model.speedup(3.0, 2) == pytest.approx(3 * 10 / 15)
    assert (model.c, model.verify_per_token) == pytest.approx((0.1, 0.1))


def test_break_even_of_a_cost_model_is_where_a_round_costs_its_tokens() -> None:
    model = CostModel(10.0, 1.0, 1.0, ((1, 10.0), (5, 12.0)))
    alpha = model.break_even_alpha(4)
    assert alpha is not None
    assert model.speedup(speed_model.expected_tokens(alpha, 4), 4) == pytest.approx(1.0, abs=1e-6)
    assert CostModel(10.0, 0.0, 20.0, ((1, 10.0), (2, 11.0))).break_even_alpha(1) is None


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
    few = statistics.ratio_interval([0, 4], [1, 4], [5, 5])
    many = statistics.ratio_interval([0, 4], [1, 4], [500, 500])
    assert few is not None
    assert many is not None
    assert few.low < 0.8 < few.high
    assert many.high - many.low < few.high - few.low


def test_intervals_are_absent_where_there_is_too_little_to_say() -> None:
    assert statistics.ratio_interval([1], [1], [1]) is None
    assert statistics.ratio_interval([0, 0], [0, 0], [3, 3]) is None
    assert statistics.median_interval([1.0, 2.0]) is None
    assert statistics.median_interval([2.0, 2.0, 2.0]) == (2.0, 2.0)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.85, 0.999_999_999_9, 1.0])
@pytest.mark.parametrize("gamma", [0, 1, 4, 64])
def test_the_closed_form_is_the_sum(alpha: float, gamma: int) -> None:
    expected = sum(alpha**i for i in range(gamma + 1))
    assert speed_model.expected_tokens(alpha, gamma) == pytest.approx(expected, rel=1e-6)


def test_a_gamma_no_loop_could_count_to_takes_no_time() -> None:
    assert speed_model.expected_tokens(0.5, 10**15) == pytest.approx(2.0)


def rounds_of(rng: np.random.Generator, alphas: Sequence[float], gamma: int) -> list[tuple[int, int]]:
    """Accepted and tested tokens of simulated rounds, one for each acceptance rate."""
    made = []
    for alpha in alphas:
        accepted = int(np.argmin(np.append(rng.random(gamma) < alpha, False)))
        made.append((accepted, min(accepted + 1, gamma)))
    return made


def sums_of(rounds: Sequence[tuple[int, int]]) -> RatioSums:
    sums = RatioSums()
    for accepted, tested in rounds:
        sums = sums.plus(accepted, tested)
    return sums


@pytest.mark.parametrize("n_rounds", [60, 300, 2000])
@pytest.mark.parametrize("alpha", [0.3, 0.6, 0.85])
def test_running_interval_is_close_to_the_bootstrap(n_rounds: int, alpha: float) -> None:
    rounds = rounds_of(np.random.default_rng(n_rounds), [alpha] * n_rounds, 4)
    running = running_interval(sums_of(rounds))
    drawn = ratio_interval([a for a, _ in rounds], [t for _, t in rounds], [1] * n_rounds)
    assert running is not None
    assert drawn is not None
    assert running == pytest.approx(drawn, abs=0.25 * (drawn.high - drawn.low))


def test_running_interval_is_as_wide_as_the_bootstrap_where_rounds_differ_in_kind() -> None:
    rng = np.random.default_rng(1)
    rounds = rounds_of(rng, rng.choice([0.1, 0.98], 1000).tolist(), 6)
    running = running_interval(sums_of(rounds))
    drawn = ratio_interval([a for a, _ in rounds], [t for _, t in rounds], [1] * len(rounds))
    assert running is not None
    assert drawn is not None
    assert running.high - running.low == pytest.approx(drawn.high - drawn.low, rel=0.1)


@pytest.mark.parametrize("n_rounds", [8, 35])
def test_running_interval_holds_the_true_rate_about_95_times_in_100(n_rounds: int) -> None:
    rng, n_held = np.random.default_rng(0), 0
    for _ in range(1000):
        found = running_interval(sums_of(rounds_of(rng, [0.7] * n_rounds, 4)))
        assert found is not None
        n_held += found.low <= 0.7 <= found.high
    assert 920 <= n_held <= 985


@pytest.mark.parametrize("kind", [(0, 1), (4, 4), (2, 3)])
def test_running_interval_stays_within_0_and_1_and_never_claims_certainty(kind: tuple[int, int]) -> None:
    found = running_interval(sums_of([kind] * 5))
    assert found is not None
    assert 0 <= found.low <= kind[0] / kind[1] <= found.high <= 1
    assert found.high - found.low > 0.1


def test_running_interval_is_absent_where_there_is_too_little_to_say() -> None:
    assert running_interval(sums_of([(3, 4)])) is None
    assert running_interval(sums_of([(0, 0)] * 3)) is None


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (50, 100), (100, 100)])
def test_wilson_interval_is_that_of_scipy(hits: int, n: int) -> None:
    from scipy.stats import binomtest

    known = binomtest(hits, n).proportion_ci(method="wilson")
    found = statistics.wilson_interval(hits / n, n)
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-6)
