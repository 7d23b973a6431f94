"""Estimators of measured figures and their intervals; pure functions.

* imports neither Qt nor torch. `engine/bench/coverage.py` simulates how often each interval holds the true value."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import comb
from statistics import fmean, median
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

# Below, smallest and largest value are stated as a range, and no 95 % is claimed.
FEWEST_FOR_INTERVAL = 10
# Resamples, and how many values all of them may draw together: a trace may name thousands of blocks.
_N_RESAMPLES, _FEWEST_RESAMPLES, _MOST_DRAWN = 2000, 200, 500_000
_Z95 = 1.959964
# A unit so long that fewer than this many count leaves no interval that could be trusted more than this one.
_FEWEST_EFFECTIVE = 3.0
# A block that takes more than this many times what is usual was disturbed; fewer repeats have no usual time.
_DISTURBED = 1.5
_FEWEST_REPEATS = 3
# A drift is said from this factor on, where each half of a lane has two blocks at least.
_DRIFTED = 1.1
_FEWEST_FOR_DRIFT = 4
_Figure: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**31)]


class Interval(NamedTuple):
    """A 95 % interval, or the smallest and the largest value."""

    low: float
    high: float


class RatioEstimate(msgspec.Struct, frozen=True, gc=False):
    """A figure over n units, which are prompts or repeats. ci: its 95 % interval, None below ten units.

    range: the smallest and the largest value of a unit, None for a single one. The value is bounded to what can be
    shown: a file may contain anything."""

    value: _Figure
    ci: Interval | None = None
    range: Interval | None = None
    n: _Count = 1


class UnitTime(NamedTuple):
    """What one lane took for one unit: milliseconds of each repeat, and the tokens of one repeat."""

    ms: tuple[float, ...]
    n_tokens: int

    @property
    def typical_ms(self) -> float:
        """The median over repeats, which a single disturbed one does not move."""
        return median(self.ms)


def ms_per_token(units: Sequence[UnitTime]) -> float:
    """Time of all units over their tokens, the one estimator of a comparison: quotients of two are its speedups."""
    return sum(unit.typical_ms for unit in units) / max(1, sum(unit.n_tokens for unit in units))


def time_estimate(units: Sequence[UnitTime]) -> RatioEstimate:
    """Time per token of one lane; what varies is as for `speedup`."""
    value = ms_per_token(units)
    if len(units) > 1:
        times = [ms_per_token([unit]) for unit in units]
        return RatioEstimate(value, _interval_over_units(units), _extremes(times), len(times))
    times = [ms / max(1, units[0].n_tokens) for ms in units[0].ms]
    return RatioEstimate(value, median_interval(times), _extremes(times), len(times))


def median_estimate(values: Sequence[float]) -> RatioEstimate:
    """The median of values that stand alone."""
    return RatioEstimate(median(values), median_interval(values), _extremes(values), len(values))


def speedup(plain: Sequence[UnitTime], other: Sequence[UnitTime]) -> RatioEstimate:
    """Plain time per token over that of another lane, over the same units in the same order, at least one.

    Several units: they are prompts, and what varies between them is what the interval covers. A single one: its
    repeats, taken in pairs, vary."""
    value = ms_per_token(plain) / ms_per_token(other)
    if len(plain) > 1:
        ratios = [ms_per_token([a]) / ms_per_token([b]) for a, b in zip(plain, other, strict=True)]
        return RatioEstimate(value, _interval_over_units(plain, other), _extremes(ratios), len(ratios))
    (base,), (timed,) = plain, other
    n = min(len(base.ms), len(timed.ms))
    scale = timed.n_tokens / max(1, base.n_tokens)
    ratios = [scale * a / b for a, b in zip(base.ms, timed.ms, strict=False)]
    return RatioEstimate(value, _interval_over_repeats(base.ms[:n], timed.ms[:n], scale), _extremes(ratios), n)


def share_saved(speedup: RatioEstimate) -> tuple[float, Interval | None, Interval | None]:
    """The share of plain time that a speedup saves, with its interval and range; negative where it is slower."""
    ci, extremes = speedup.ci, speedup.range
    return (
        1 - 1 / speedup.value,
        None if ci is None else Interval(1 - 1 / ci.low, 1 - 1 / ci.high),
        None if extremes is None else Interval(1 - 1 / extremes.low, 1 - 1 / extremes.high),
    )


def _extremes(values: Sequence[float]) -> Interval | None:
    return Interval(min(values), max(values)) if len(values) > 1 else None


def _interval_over_units(*lanes: Sequence[UnitTime]) -> Interval | None:
    """Jackknife interval of a lane's time per token, or of its quotient with a second lane's, on the logarithm.

    Long units weigh more, so that there are in effect fewer of them: `effective_size` of the lane where they are least
    even decides Student's t and widens the error. Without it the interval covers 92 % where lengths are uneven."""
    n = len(lanes[0])
    if n < FEWEST_FOR_INTERVAL:
        return None
    parts = [np.array([[unit.typical_ms, unit.n_tokens] for unit in lane]) for lane in lanes]
    logs = [np.log(rest[:, 0] / rest[:, 1]) for rest in (part.sum(0) - part for part in parts)]
    middles = [np.log(part[:, 0].sum() / part[:, 1].sum()) for part in parts]
    over = logs[0] - logs[1] if len(lanes) > 1 else logs[0]
    middle = float(middles[0] - middles[1] if len(lanes) > 1 else middles[0])
    error = float(np.sqrt((n - 1) / n * ((over - over.mean()) ** 2).sum()))
    half = _reach(min(_effective_size(part[:, 0]) for part in parts), n) * error
    return Interval(float(np.exp(middle - half)), float(np.exp(middle + half)))


def _effective_size(weights: NDArray[np.float64]) -> float:
    """How many equal units would weigh as unevenly as these (Kish)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def _reach(size: float, n: int) -> float:
    """How many standard errors an interval reaches over n units that count as `size` equal ones."""
    size = min(float(n), max(_FEWEST_EFFECTIVE, size))
    return student_t95(size - 1) * float(np.sqrt(size / (size - 1) * (n - 1) / n))


@lru_cache(maxsize=32)  # a panel asks for the same blocks as often as it is drawn
def _interval_over_repeats(plain: tuple[float, ...], other: tuple[float, ...], scale: float) -> Interval | None:
    """Percentile bootstrap of a ratio of medians, whose parts are drawn in pairs."""
    n = len(plain)
    if n < FEWEST_FOR_INTERVAL:
        return None
    n_resamples = min(_N_RESAMPLES, max(_FEWEST_RESAMPLES, _MOST_DRAWN // n))
    drawn = np.random.default_rng(0).integers(0, n, size=(n_resamples, n))
    ratios = scale * np.median(np.asarray(plain)[drawn], 1) / np.median(np.asarray(other)[drawn], 1)
    low, high = np.percentile(ratios, (2.5, 97.5))
    return Interval(float(low), float(high))


def student_t95(degrees: float) -> float:
    """How many standard errors a two-sided 95 % interval reaches, for two degrees of freedom and more.

    The series around the normal quantile (Cornish and Fisher) is within 1 % at two and 0.1 % from four on; importing
    scipy would hold the window for a tenth of a second."""
    z = _Z95
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / degrees**power for power, term in enumerate(terms, start=1))


def ratio_interval(numerators: Sequence[float], denominators: Sequence[float]) -> Interval | None:
    """Interval of sum(numerator) / sum(denominator) over units that differ in size; the ratio may be negative.

    The linearised variance (Cochran, Sampling Techniques, 3rd ed. 1977, chapter 6) with Student's t of the effective
    number of units. None below ten units or if the denominators are all 0."""
    a, b = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    n, total = len(a), float(b.sum())
    if n < FEWEST_FOR_INTERVAL or not total:
        return None
    ratio = float(a.sum()) / total
    error = float(np.sqrt(n / (n - 1) * ((a - ratio * b) ** 2).sum())) / total
    half = _reach(_effective_size(b), n) * error
    return Interval(ratio - half, ratio + half)


class RatioSums(NamedTuple):
    """The sums that determine an interval of accepted / tested over rounds; adding a round takes constant time."""

    n_rounds: int = 0
    accepted: int = 0
    tested: int = 0
    accepted_squares: int = 0
    products: int = 0
    tested_squares: int = 0

    def plus(self, accepted: int, tested: int, times: int = 1) -> "RatioSums":
        """The sums with one more round, or several equal ones. A round that tested nothing tells nothing."""
        if not tested:
            return self
        a, t = accepted, tested
        return RatioSums(
            self.n_rounds + times,
            self.accepted + times * a,
            self.tested + times * t,
            self.accepted_squares + times * a * a,
            self.products + times * a * t,
            self.tested_squares + times * t * t,
        )


def running_interval(sums: RatioSums) -> Interval | None:
    """Wilson interval of accepted / tested with the effective sample size of rounds as clusters; None below ten.

    Clusters may as well be prompts or texts. The variance of the ratio r over n clusters is n / (n - 1) *
    sum((a - r t)^2) / sum(t)^2 (Cochran, Sampling Techniques, 3rd ed. 1977, chapter 6); r (1 - r) / variance is the
    number of independent tokens that would tell as much, the effective size, made smaller by the square of
    z / t(n - 1), since the variance is itself estimated (Korn and Graubard, Survey Methodology 24, 1998). It is at most
    the tokens tested: a spread seen over few rounds is often too small by chance, and it is 0 if all were accepted."""
    n, tested = sums.n_rounds, sums.tested
    if n < FEWEST_FOR_INTERVAL:
        return None
    r = sums.accepted / tested
    squares = sums.accepted_squares - 2 * r * sums.products + r * r * sums.tested_squares
    variance = n / (n - 1) * max(0.0, squares) / tested**2 * (student_t95(n - 1) / _Z95) ** 2
    size = tested if variance * tested <= r * (1 - r) else r * (1 - r) / variance
    return wilson_interval(r, size)


def cluster_interval(accepted: Sequence[int], tested: Sequence[int]) -> Interval | None:
    """`running_interval` of clusters that are all known."""
    sums = RatioSums()
    for a, t in zip(accepted, tested, strict=True):
        sums = sums.plus(a, t)
    return running_interval(sums)


def wilson_interval(share: float, size: float) -> Interval:
    """Wilson interval of a share observed in `size` independent trials, at least one."""
    shrink = 1 + _Z95**2 / size
    middle = (share + _Z95**2 / (2 * size)) / shrink
    half = _Z95 * (share * (1 - share) / size + (_Z95 / (2 * size)) ** 2) ** 0.5 / shrink
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def sign_test(n_first: int, n_second: int) -> float:
    """How probable so uneven a split of two counts is where each side is as likely: exact, two-sided; ties left out.

    Source: Dixon and Mood, Journal of the American Statistical Association 41, 1946."""
    n, fewer = n_first + n_second, min(n_first, n_second)
    return min(1.0, 2 * sum(comb(n, k) for k in range(fewer + 1)) / (1 << n))


def gain_interval(gains: Sequence[float]) -> Interval | None:
    """Interval of the mean of gains from -1 to 1: of two shares over the same trials, their difference.

    Half a trial is added to each of the four outcomes (Agresti and Min, Statistics in Medicine 24, 2005), so that
    gains which are all 0 leave a doubt. None below ten trials."""
    n = len(gains)
    if n < FEWEST_FOR_INTERVAL:
        return None
    difference = sum(gains) / (n + 2)
    squares = sum(gain * gain for gain in gains) + 1
    half = _Z95 * ((squares / (n + 2) - difference**2) / (n + 2)) ** 0.5
    return Interval(max(-1.0, difference - half), min(1.0, difference + half))


def median_interval(values: Sequence[float]) -> Interval | None:
    """Interval of the median between two order statistics, whatever the distribution; None below ten values.

    As many values are left out at each end as n throws of a coin allow for 95 %, by the normal approximation: it never
    covers less, and 97.9 % with ten values."""
    n = len(values)
    if n < FEWEST_FOR_INTERVAL:
        return None
    ordered, left_out = sorted(values), int((n + 1) / 2 - _Z95 * n**0.5 / 2) - 1
    return Interval(ordered[left_out], ordered[n - 1 - left_out])


def disturbances(units: Mapping[str, Sequence[UnitTime]]) -> tuple[str, ...]:
    """What disturbed a measurement, a sentence each; none where nothing did. units: those of each lane, in the order
    of measuring; their repeats are blocks.

    A block is compared with the other repeats of its unit, or, below three, with the lane's time per token: how well a
    drafter is accepted differs from text to text, so that there it also has to stand apart from the lane's spread."""
    return (*_slow_blocks(units), *_drift(units))


def undisturbed_mean(times: Sequence[float]) -> float:
    """Mean of at least one time of the same work, without those that took 1.5 times their median or more."""
    limit = _DISTURBED * median(times)
    return fmean([each for each in times if each < limit] or times)


def _slow_blocks(units: Mapping[str, Sequence[UnitTime]]) -> Iterator[str]:
    blocks = [(name, excess) for name, lane in units.items() for excess in _excesses(lane)]
    slow = [(name, excess) for name, excess in blocks if excess > _DISTURBED]
    if slow:
        name, most = max(slow, key=lambda block: block[1])
        yield (
            f"{len(slow)} of {len(blocks)} timed blocks took more than {_DISTURBED} times the median of their lane"
            f" ({name}: {most:.1f} times): something else used this machine"
        )


def _excesses(lane: Sequence[UnitTime]) -> list[float]:
    """Each block's time over what its lane typically takes for it; 1 where that cannot be told from another text's."""
    if lane and min(len(unit.ms) for unit in lane) >= _FEWEST_REPEATS:
        usual = [(unit, unit.typical_ms) for unit in lane]  # once a unit: a trace may name thousands of blocks
        return [ms / typical if typical else 1.0 for unit, typical in usual for ms in unit.ms]
    times = np.array([ms_per_token([unit]) for unit in lane])
    if len(times) < _FEWEST_REPEATS or times.min() <= 0:
        return [1.0] * len(times)
    excesses = times / np.median(times)
    spread = 1.4826 * float(np.median(np.abs(np.log(excesses))))
    return [float(excess) if np.log(excess) > 5 * spread else 1.0 for excess in excesses]


def _drift(units: Mapping[str, Sequence[UnitTime]]) -> Iterator[str]:
    """Whether the second half was slower or faster than the first, beyond three standard errors of their difference."""
    courses = [course for lane in units.values() if len(course := _course(lane)) >= _FEWEST_FOR_DRIFT]
    if not courses:
        return
    early = np.concatenate([course[: len(course) // 2] for course in courses])
    late = np.concatenate([course[(len(course) + 1) // 2 :] for course in courses])
    change = float(late.mean() - early.mean())
    error = float(np.sqrt(early.var(ddof=1) / len(early) + late.var(ddof=1) / len(late)))
    if abs(change) > max(float(np.log(_DRIFTED)), 3 * error):
        percent, word = 100 * abs(np.expm1(change)), "slower" if change > 0 else "faster"
        yield f"the second half of the measurement was {percent:.0f} % {word} than the first: speed drifted"


def _course(lane: Sequence[UnitTime]) -> NDArray[np.float64]:
    """Logarithms of the times of a lane in the order of measuring, around their middle."""
    times = list(lane[0].ms) if len(lane) == 1 else [ms_per_token([unit]) for unit in lane]
    logs = np.log([ms for ms in times if ms > 0])
    return logs - np.median(logs) if len(logs) else logs
