"""Says what the acceptance by position of a lane looks like, and what that usually means.

* imports neither Qt nor torch.

Each position is a binomial sample. A cliff is the best single change point, a trend is a logistic slope over the
positions; both are tested by likelihood ratios against equal acceptance, the change point with Bonferroni over where it
may lie. What is significant must also be large enough to matter, and what is not is called flat only where a change
that matters would have shown."""

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from engine.events.comparison import Shape
from engine.statistics import wilson_interval

Floats: TypeAlias = "np.typing.NDArray[np.float64]"
_SIGNIFICANT = 0.01
# Below this, position 0 counts as never accepted: what other vocabularies reach by chance.
_ZERO = 0.06
# After a cliff at most this share of the acceptance before it is left; this little is one even where a slope fits.
_CLIFF, _COLLAPSE = 0.5, 0.25
# Between the first and the last position a smaller change is none; flat means that this much would have shown.
_LEAST_CHANGE, _MOST_UNSEEN, _MUCH = 0.05, 0.2, 0.1
_FEWEST_TESTED = 20
_Z95 = 1.96


class _Trend(NamedTuple):
    """A logistic slope: log-likelihood, fitted change from the first position to the last one that was tested often
    enough, and its standard error."""

    likelihood: float
    change: float
    error: float


def shape_of(positions: Sequence[tuple[int, int]]) -> tuple[Shape, int]:
    """The shape of (accepted, tested) by position, and the first position of a cliff, counted from 0; else 0."""
    reached = [(accepted, tested) for accepted, tested in positions if tested > 0]
    accepted, tested = np.array(reached, dtype=np.float64).reshape(-1, 2).T
    if len(reached) and wilson_interval(accepted[0] / tested[0], tested[0]).high < _ZERO:
        return "zero", 0
    if len(reached) < 2 or min(tested[:2]) < _FEWEST_TESTED:
        return "unclear", 0
    trend = _fitted_trend(accepted, tested)
    if at := _cliff(accepted, tested, trend):
        return "cliff", at
    return _slope(accepted, tested, trend), 0


def _cliff(accepted: Floats, tested: Floats, trend: _Trend) -> int:
    """The first position after the best change point where that is a cliff, else 0."""
    flat = _likelihood(accepted, tested, accepted.sum() / tested.sum())
    best, at, left = -math.inf, 0, 1.0
    for k in range(1, len(tested)):
        before, after = (float(accepted[part].sum() / tested[part].sum()) for part in (slice(k), slice(k, None)))
        rates = np.where(np.arange(len(tested)) < k, before, after)
        likelihood = _likelihood(accepted, tested, rates)
        if after < before and likelihood > best:
            best, at, left = likelihood, k, after / before
    if at == 0 or left > _CLIFF or _p_value(2 * (best - flat)) * (len(tested) - 1) > _SIGNIFICANT:
        return 0
    steeper = best - trend.likelihood > math.log(len(tested))  # the price of choosing where
    return at if steeper or (left <= _COLLAPSE and best >= trend.likelihood - 1e-9) else 0


def _slope(accepted: Floats, tested: Floats, trend: _Trend) -> Shape:
    flat = _likelihood(accepted, tested, accepted.sum() / tested.sum())
    is_steep = _p_value(2 * (trend.likelihood - flat)) <= _SIGNIFICANT and abs(trend.change) >= _LEAST_CHANGE
    if _steps_against(accepted, tested, trend.change if is_steep else 0.0):
        return "unclear"
    if is_steep:
        return "rising" if trend.change > 0 else "falling"
    return "flat" if abs(trend.change) + _Z95 * trend.error <= _MOST_UNSEEN else "unclear"


def _steps_against(accepted: Floats, tested: Floats, change: float) -> bool:
    """Whether acceptance moves against a trend, or at all where there is none, by more than chance and much."""
    steps = np.diff(accepted / tested)
    pooled = (accepted[1:] + accepted[:-1]) / (tested[1:] + tested[:-1])
    errors = np.sqrt(pooled * (1 - pooled) * (1 / tested[1:] + 1 / tested[:-1]))
    against = (np.abs(steps) >= _MUCH) & (steps * change <= 0)
    p_values = [math.erfc(abs(step) / error / math.sqrt(2)) for step, error in zip(steps, errors, strict=True) if error]
    return any(
        p * len(steps) <= _SIGNIFICANT
        for p, is_against in zip(p_values, against[errors > 0], strict=True)
        if is_against
    )


def _fitted_trend(accepted: Floats, tested: Floats) -> _Trend:
    """Fit a logistic slope by Newton's method; half a token more of each kind a position keeps it finite."""
    places = np.arange(len(tested), dtype=np.float64)
    design = np.stack([np.ones_like(places), places], 1)
    hits, trials = accepted + 0.5 / len(tested), tested + 1 / len(tested)
    mean = hits.sum() / trials.sum()
    weights = np.array([math.log(mean / (1 - mean)), 0.0])
    for _ in range(50):
        rates = 1 / (1 + np.exp(-design @ weights))
        information = design.T @ (design * (trials * rates * (1 - rates))[:, None])
        step = np.linalg.solve(information + 1e-9 * np.eye(2), design.T @ (hits - trials * rates))
        weights = weights + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    rates = 1 / (1 + np.exp(-design @ weights))
    variation = rates * (1 - rates)
    last = int(np.flatnonzero(tested >= _FEWEST_TESTED)[-1])
    gradient = variation[last] * design[last] - variation[0] * design[0]
    error = math.sqrt(max(0.0, float(gradient @ np.linalg.solve(information + 1e-9 * np.eye(2), gradient))))
    return _Trend(_likelihood(accepted, tested, rates), float(rates[last] - rates[0]), error)


def _likelihood(accepted: Floats, tested: Floats, rates: "Floats | float") -> float:
    rates = np.clip(rates, 1e-12, 1 - 1e-12)
    return float((accepted * np.log(rates) + (tested - accepted) * np.log1p(-rates)).sum())


def _p_value(ratio: float) -> float:
    """Of a likelihood ratio with one degree of freedom."""
    return math.erfc(math.sqrt(max(0.0, ratio) / 2))
