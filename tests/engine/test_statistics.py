"""Estimates of figures and their intervals, and what disturbed a measurement."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from engine import statistics
from engine.statistics import Interval, RatioEstimate, RatioSums, UnitTime, disturbances, running_interval


def lane(*ms: float, n_tokens: int = 10) -> list[UnitTime]:
    """One prompt with these repeats."""
    return [UnitTime(ms, n_tokens)]


def prompts(ms: "np.typing.ArrayLike", n_tokens: int = 10) -> list[UnitTime]:
    """One repeat each of several prompts."""
    return [UnitTime((float(value),), n_tokens) for value in np.asarray(ms)]


def test_a_quiet_measurement_has_no_disturbance() -> None:
    assert disturbances({"plain": lane(100, 101, 99, 100, 102), "drafter": lane(50, 51, 50, 49, 50)}) == ()
    assert disturbances({}) == ()
    assert disturbances({"plain": []}) == ()
    assert disturbances({"plain": lane(0.0, 0.0, 0.0, 0.0)}) == ()


def test_a_block_far_above_the_median_of_its_lane_is_named() -> None:
    (sentence,) = disturbances({"plain": lane(100, 101, 240, 100, 102), "drafter": lane(50, 51, 50, 49, 50)})
    assert "1 of 10 timed blocks" in sentence
    assert "plain: 2.4 times" in sentence


def test_a_text_on_which_the_drafter_is_bad_is_no_disturbance() -> None:
    rng = np.random.default_rng(1)
    drafted = 50 * np.exp(rng.normal(0, 0.4, 20))
    assert disturbances({"plain": prompts(100 + rng.normal(0, 1, 20)), "drafter": prompts(drafted)}) == ()


def test_a_disturbed_prompt_stands_out_of_a_lane_that_is_otherwise_even() -> None:
    plain = 100 + np.random.default_rng(1).normal(0, 1, 20)
    plain[7] = 190
    (sentence,) = disturbances({"plain": prompts(plain)})
    assert "1 of 20" in sentence


@pytest.mark.parametrize(("factor", "word"), [(1.25, "slower"), (0.8, "faster")])
def test_a_drift_between_the_halves_is_said(factor: float, word: str) -> None:
    rng = np.random.default_rng(2)
    course = np.where(np.arange(12) < 6, 100, 100 * factor) + rng.normal(0, 1, 12)
    (sentence,) = disturbances({"plain": prompts(course), "drafter": prompts(course / 2)})
    assert word in sentence
    assert ("25 %" if word == "slower" else "20 %") in sentence


def test_noise_alone_is_seldom_called_a_drift() -> None:
    rng = np.random.default_rng(3)
    said = sum(bool(disturbances({"plain": lane(*np.exp(rng.normal(4, 0.1, 10)))})) for _ in range(300))
    assert said <= 9


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


@pytest.mark.parametrize("kind", [(0, 1), (4, 4), (2, 3)])
def test_running_interval_stays_within_0_and_1_and_never_claims_certainty(kind: tuple[int, int]) -> None:
    found = running_interval(sums_of([kind] * 10))
    assert found is not None
    assert 0 <= found.low <= kind[0] / kind[1] <= found.high <= 1
    assert found.high - found.low > 0.05


def test_running_interval_is_absent_where_there_is_too_little_to_say() -> None:
    assert running_interval(sums_of([(3, 4)] * 9)) is None
    assert running_interval(sums_of([(0, 0)] * 30)) is None
    assert running_interval(sums_of([(0, 0)] * 30 + [(3, 4)] * 9)) is None


def test_several_equal_rounds_count_as_often() -> None:
    assert RatioSums().plus(2, 3, 5) == sums_of([(2, 3)] * 5)


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (50, 100), (100, 100)])
def test_wilson_interval_is_that_of_scipy(hits: int, n: int) -> None:
    from scipy.stats import binomtest

    known = binomtest(hits, n).proportion_ci(method="wilson")
    found = statistics.wilson_interval(hits / n, n)
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-6)


@pytest.mark.parametrize("degrees", [2, 2.5, 4, 9, 30, 1000])
def test_student_quantile_is_that_of_scipy(degrees: float) -> None:
    from scipy.special import stdtrit

    assert statistics.student_t95(degrees) == pytest.approx(stdtrit(degrees, 0.975), rel=0.01 if degrees < 4 else 1e-3)


def test_time_and_speedup_of_several_prompts_are_ratios_of_totals() -> None:
    plain = [UnitTime((10.0 * n,), n) for n in range(10, 22)]
    drafted = [UnitTime((n * (4.0 + 0.1 * n),), n) for n in range(10, 22)]
    estimate = statistics.speedup(plain, drafted)
    times = statistics.time_estimate(plain), statistics.time_estimate(drafted)
    assert estimate.value == pytest.approx(times[0].value / times[1].value)
    assert estimate.n == 12
    assert estimate.range == pytest.approx((10 / 6.1, 10 / 5))
    assert estimate.ci is not None
    assert estimate.range is not None
    assert estimate.range.low < estimate.ci.low < estimate.value < estimate.ci.high < estimate.range.high


def test_below_ten_units_there_is_a_range_and_no_interval() -> None:
    units = prompts([10, 11, 12])
    estimates = (
        statistics.speedup(units, prompts([5, 5, 5])),
        statistics.speedup(lane(10, 11, 12), lane(5, 5, 5)),
        statistics.time_estimate(units),
        statistics.time_estimate(lane(10, 11, 12)),
        statistics.median_estimate([10, 11, 12]),
    )
    for estimate in estimates:
        assert estimate.ci is None
        assert estimate.range is not None
        assert estimate.range.high / estimate.range.low == pytest.approx(1.2)
        assert estimate.n == 3
    assert statistics.speedup(lane(10), lane(5)).range is None


def test_a_disturbed_repeat_does_not_move_the_speedup() -> None:
    assert statistics.speedup(lane(10, 10, 90), lane(5, 5, 5)).value == 2.0


def test_the_usual_time_leaves_disturbed_ones_out() -> None:
    assert statistics.undisturbed_mean([1.0, 1.1, 1.2, 9.0]) == pytest.approx(1.1)
    assert statistics.undisturbed_mean([2.0]) == 2.0
    assert statistics.undisturbed_mean([0.0, 0.0]) == 0.0


def test_one_long_prompt_widens_the_interval() -> None:
    ms = [10.0 + i % 3 for i in range(12)]
    even = statistics.time_estimate(prompts(ms)).ci
    uneven = statistics.time_estimate([*prompts(ms[:-1]), UnitTime((10 * ms[-1],), 100)]).ci
    assert even is not None
    assert uneven is not None
    assert uneven.high - uneven.low > even.high - even.low


def test_a_share_of_time_saved_turns_a_speedup_round() -> None:
    saved = statistics.share_saved(RatioEstimate(2.0, Interval(1.6, 2.5), Interval(0.5, 4.0), 12))
    assert saved == (0.5, pytest.approx((0.375, 0.6)), pytest.approx((-1.0, 0.75)))
    assert statistics.share_saved(RatioEstimate(0.5)) == (-1.0, None, None)


def test_ratio_interval_contains_the_ratio_and_narrows_with_more_units() -> None:
    few = statistics.ratio_interval([0, 4] * 5, [1, 4] * 5)
    many = statistics.ratio_interval([0, 4] * 500, [1, 4] * 500)
    assert few is not None
    assert many is not None
    assert few.low < 0.8 < few.high
    assert many.high - many.low < few.high - few.low


def test_intervals_are_absent_where_there_is_too_little_to_say() -> None:
    assert statistics.ratio_interval([1] * 9, [1] * 9) is None
    assert statistics.ratio_interval([0] * 12, [0] * 12) is None
    assert statistics.median_interval([2.0] * 9) is None
    assert statistics.gain_interval([1.0] * 9) is None
    assert statistics.cluster_interval([1] * 9, [2] * 9) is None


@pytest.mark.parametrize("n", [10, 11, 17, 25, 100, 999])
def test_median_interval_lies_between_order_statistics_that_cover_enough(n: int) -> None:
    from scipy.stats import binom

    found = statistics.median_interval(list(range(n, 0, -1)))
    assert found is not None
    left_out = int(found.low) - 1
    assert found.high == n - left_out
    assert 0.95 <= 1 - 2 * binom.cdf(left_out, n, 0.5) <= 0.99


def test_gains_that_are_all_nothing_leave_a_doubt() -> None:
    found = statistics.gain_interval([0.0] * 20)
    assert found is not None
    assert found.low < -0.05 < 0.05 < found.high


def test_absurd_values_are_refused_in_a_file() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"value": 1e300}', type=RatioEstimate)
    assert msgspec.json.decode(b'{"value": 2, "ci": [1, 3]}', type=RatioEstimate) == RatioEstimate(2.0, Interval(1, 3))
