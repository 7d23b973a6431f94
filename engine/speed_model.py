"""Formulas and estimators of acceptance and speed, with intervals; pure functions.

alpha: acceptance rate; gamma: draft length; c: drafter step / target step; tau: tokens per round."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_N_RESAMPLES = 2000
_Z95 = 1.959964
_MAX_GAMMA = 64
# Closer to 1 the closed form of the sum loses its digits.
_NEARLY_ONE = 1e-9


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


def expected_tokens(alpha: float, gamma: int) -> float:
    """Tokens that a round emits on average, correction or bonus included. Source: arXiv:2211.17192, equation 1."""
    if 1 - alpha < _NEARLY_ONE:
        return float(gamma + 1)
    return (1 - alpha ** (gamma + 1)) / (1 - alpha)


def predicted_speedup(alpha: float, gamma: int, c: float, *, verify_ratio: float = 1.0) -> float:
    """Time per token of plain decoding over that of speculative decoding.

    verify_ratio: t(gamma + 1) / t(1), the measured cost of a wider target forward; the paper takes it as 1.
    Source: arXiv:2211.17192, theorem 3.8."""
    return expected_tokens(alpha, gamma) / (gamma * c + verify_ratio)


def operation_factor(alpha: float, gamma: int, c_hat: float) -> float:
    """Growth of arithmetic; c_hat: drafter / target operations per token. Source: arXiv:2211.17192, theorem 3.11."""
    return (gamma * c_hat + gamma + 1) / expected_tokens(alpha, gamma)


def best_gamma(alpha: float, c: float) -> int:
    """The draft length with the largest predicted speedup, 0 if drafting never pays."""
    return max(range(_MAX_GAMMA + 1), key=lambda gamma: predicted_speedup(alpha, gamma, c))


def break_even_alpha(gamma: int, c: float, *, verify_ratio: float = 1.0) -> float | None:
    """The acceptance rate at which speculative and plain decoding cost the same; None if even 1 is too low."""
    if predicted_speedup(1.0, gamma, c, verify_ratio=verify_ratio) < 1.0:
        return None
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        pays = predicted_speedup(middle, gamma, c, verify_ratio=verify_ratio) >= 1.0
        low, high = (low, middle) if pays else (middle, high)
    return high


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
