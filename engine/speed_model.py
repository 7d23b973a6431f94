"""Formulas and estimators of acceptance and speed, with intervals; pure.

alpha: acceptance rate; gamma: draft length; c: drafter step / target step; tau: tokens a round."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_N_RESAMPLES = 2000
_MAX_GAMMA = 64
# Closer to 1 the closed form of the sum loses its digits.
_NEARLY_ONE = 1e-9


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


def expected_tokens(alpha: float, gamma: int) -> float:
    """Tokens a round emits on average, correction or bonus included. Source: arXiv:2211.17192, equation 1."""
    if 1 - alpha < _NEARLY_ONE:
        return float(gamma + 1)
    return (1 - alpha ** (gamma + 1)) / (1 - alpha)


def predicted_speedup(alpha: float, gamma: int, c: float, *, verify_ratio: float = 1.0) -> float:
    """Time per token of plain decoding over that of speculative decoding.

    verify_ratio: t(gamma + 1) / t(1), the measured cost of a wider target forward; the paper takes it as 1.
    Source: arXiv:2211.17192, theorem 3.8."""
    return expected_tokens(alpha, gamma) / (gamma * c + verify_ratio)


def operation_factor(alpha: float, gamma: int, c_hat: float) -> float:
    """Growth of arithmetic; c_hat: drafter over target operations a token. Source: arXiv:2211.17192, theorem 3.11."""
    return (gamma * c_hat + gamma + 1) / expected_tokens(alpha, gamma)


def best_gamma(alpha: float, c: float) -> int:
    """The draft length of the largest predicted speedup, 0 where drafting never pays."""
    return max(range(_MAX_GAMMA + 1), key=lambda gamma: predicted_speedup(alpha, gamma, c))


def break_even_alpha(gamma: int, c: float, *, verify_ratio: float = 1.0) -> float | None:
    """The acceptance rate at which speculative decoding costs what plain decoding costs; None where none is enough."""
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
    """Bootstrap interval of sum(numerator) / sum(denominator) over blocks of which `weights` equal ones were seen.

    None below 2 blocks or where nothing was counted."""
    counts = np.asarray(weights, dtype=np.int64)
    n = int(counts.sum())
    if n < 2 or not np.dot(denominators, counts):
        return None
    drawn = np.random.default_rng(0).multinomial(n, counts / n, size=_N_RESAMPLES)
    below = drawn @ np.asarray(denominators, dtype=np.float64)
    ratios = (drawn @ np.asarray(numerators, dtype=np.float64))[below > 0] / below[below > 0]
    return _percentiles(ratios)


def median_interval(values: Sequence[float]) -> Interval | None:
    """Bootstrap interval of the median of paired ratios; None below 3 pairs."""
    if len(values) < 3:
        return None
    drawn = np.random.default_rng(0).choice(np.asarray(values), size=(_N_RESAMPLES, len(values)))
    return _percentiles(np.median(drawn, axis=1))


def _percentiles(values: "np.typing.NDArray[np.float64]") -> Interval:
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(float(low), float(high))
