"""Estimators of measured figures and their intervals; pure functions.

* imports neither Qt nor torch."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

import msgspec
import numpy as np

# Below, smallest and largest value are stated as a range, and no 95 % is claimed.
FEWEST_FOR_INTERVAL = 10
_N_RESAMPLES = 2000
_Z95 = 1.959964
# A block that takes more than this many times what is usual was disturbed; fewer repeats have no usual time.
_DISTURBED = 1.5
_FEWEST_REPEATS = 3
# A drift is said from this factor on, where each half of a lane has two blocks at least.
_DRIFTED = 1.1
_FEWEST_FOR_DRIFT = 4


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


class RatioEstimate(msgspec.Struct, frozen=True, gc=False):
    """A figure over n units, which are prompts or repeats. ci: its 95 % interval, None below ten units.

    range: the smallest and the largest value of a unit, None for a single one."""

    value: float
    ci: Interval | None = None
    range: Interval | None = None
    n: int = 1


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


def _extremes(values: Sequence[float]) -> Interval | None:
    return Interval(min(values), max(values)) if len(values) > 1 else None


def _interval_over_units(plain: Sequence[UnitTime], other: Sequence[UnitTime]) -> Interval | None:
    """Jackknife interval of the logarithm of a ratio of totals, with Student's t."""
    n = len(plain)
    if n < FEWEST_FOR_INTERVAL:
        return None
    base = np.array([[unit.typical_ms, unit.n_tokens] for unit in plain])
    timed = np.array([[unit.typical_ms, unit.n_tokens] for unit in other])
    rest_base, rest_timed = base.sum(0) - base, timed.sum(0) - timed
    logs = np.log(rest_base[:, 0] / rest_base[:, 1]) - np.log(rest_timed[:, 0] / rest_timed[:, 1])
    error = float(np.sqrt((n - 1) / n * ((logs - logs.mean()) ** 2).sum()))
    middle = float(np.log(ms_per_token(plain) / ms_per_token(other)))
    half = student_t95(n - 1) * error
    return Interval(float(np.exp(middle - half)), float(np.exp(middle + half)))


def _interval_over_repeats(plain: Sequence[float], other: Sequence[float], scale: float) -> Interval | None:
    """Percentile bootstrap of a ratio of medians, whose parts are drawn in pairs."""
    n = len(plain)
    if n < FEWEST_FOR_INTERVAL:
        return None
    drawn = np.random.default_rng(0).integers(0, n, size=(_N_RESAMPLES, n))
    return _percentiles(scale * np.median(np.asarray(plain)[drawn], 1) / np.median(np.asarray(other)[drawn], 1))


def student_t95(degrees: int) -> float:
    """How many standard errors a two-sided 95 % interval reaches."""
    from scipy import special  # imported late: it takes a tenth of a second, and a window needs it seldom

    return float(special.stdtrit(degrees, 0.975))


def ratio_interval(
    numerators: Sequence[float], denominators: Sequence[float], weights: Sequence[int]
) -> Interval | None:
    """Bootstrap interval of sum(numerator) / sum(denominator) over blocks; each stands for `weights` equal ones.

    None below 2 blocks or if the denominators are all 0."""
    counts = np.asarray(weights, dtype=np.int64)
    n = int(counts.sum())
    if n < 2 or not np.dot(denominators, counts):
        return None
    resamples = np.random.default_rng(0).multinomial(n, counts / n, size=_N_RESAMPLES)
    totals = resamples @ np.asarray(denominators, dtype=np.float64)
    ratios = (resamples @ np.asarray(numerators, dtype=np.float64))[totals > 0] / totals[totals > 0]
    return _percentiles(ratios)


class RatioSums(NamedTuple):
    """The sums that determine an interval of accepted / tested over rounds; adding a round takes constant time."""

    n_rounds: int = 0
    accepted: int = 0
    tested: int = 0
    accepted_squares: int = 0
    products: int = 0
    tested_squares: int = 0

    def plus(self, accepted: int, tested: int) -> "RatioSums":
        """The sums with one more round."""
        a, t = accepted, tested
        return RatioSums(
            self.n_rounds + 1,
            self.accepted + a,
            self.tested + t,
            self.accepted_squares + a * a,
            self.products + a * t,
            self.tested_squares + t * t,
        )


def running_interval(sums: RatioSums) -> Interval | None:
    """Wilson interval of accepted / tested with the effective sample size of rounds as clusters; None below 2 rounds.

    The variance of the ratio r over n rounds is n / (n - 1) * sum((a - r t)^2) / sum(t)^2 (Cochran, Sampling
    Techniques, 3rd ed. 1977, chapter 6); r (1 - r) / variance is the number of independent tokens that would tell as
    much, the effective size (Korn and Graubard, Survey Methodology 24, 1998). It is at most the tokens tested: a
    spread seen over few rounds is often too small by chance, and it is 0 if all were accepted."""
    n, tested = sums.n_rounds, sums.tested
    if n < 2 or not tested:
        return None
    r = sums.accepted / tested
    squares = sums.accepted_squares - 2 * r * sums.products + r * r * sums.tested_squares
    variance = n / (n - 1) * max(0.0, squares) / tested**2
    size = tested if variance * tested <= r * (1 - r) else r * (1 - r) / variance
    return wilson_interval(r, size)


def wilson_interval(share: float, size: float) -> Interval:
    """Wilson interval of a share observed in `size` independent trials, at least one."""
    shrink = 1 + _Z95**2 / size
    middle = (share + _Z95**2 / (2 * size)) / shrink
    half = _Z95 * (share * (1 - share) / size + (_Z95 / (2 * size)) ** 2) ** 0.5 / shrink
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def median_interval(values: Sequence[float]) -> Interval | None:
    """Bootstrap interval of the median of paired ratios; None below 3 pairs."""
    if len(values) < 3:
        return None
    resamples = np.random.default_rng(0).choice(np.asarray(values), size=(_N_RESAMPLES, len(values)))
    return _percentiles(np.median(resamples, axis=1))


def _percentiles(values: "np.typing.NDArray[np.float64]") -> Interval:
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(float(low), float(high))


def disturbances(units: Mapping[str, Sequence[UnitTime]]) -> tuple[str, ...]:
    """What disturbed a measurement, a sentence each; none where nothing did. units: those of each lane, in the order
    of measuring; their repeats are blocks.

    A block is compared with the other repeats of its unit, or, below three, with the lane's time per token: how well a
    drafter is accepted differs from text to text, so that there it also has to stand apart from the lane's spread."""
    return (*_slow_blocks(units), *_drift(units))


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
        return [ms / unit.typical_ms if unit.typical_ms else 1.0 for unit in lane for ms in unit.ms]
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
        yield f"the second half of the measurement was {percent:.0f} % {word} than the first: the speed drifts"


def _course(lane: Sequence[UnitTime]) -> "np.typing.NDArray[np.float64]":
    """Logarithms of the times of a lane in the order of measuring, around their middle."""
    times = list(lane[0].ms) if len(lane) == 1 else [ms_per_token([unit]) for unit in lane]
    logs = np.log([ms for ms in times if ms > 0])
    return logs - np.median(logs) if len(logs) else logs
