"""Measures how far the verifier's Yes can be trusted and calibrates it, from drafts known to be right or wrong.

None of this is from the paper. A temperature divides the logits of Yes and No before they become a probability: fitted
by maximum likelihood, it changes how much the verdict weighs against the other scores. Weights of the three log-scores
come from a logistic regression on right against wrong. Source: Guo et al., arXiv:1706.04599 (temperature, calibration
error). Everything must be fitted on other questions than those it is measured on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

N_BINS = 10
_COLDEST, _HOTTEST = 0.05, 100.0
# The search gets near its bound but does not reach it.
_NEARLY = 0.99
_FEWEST = 10
_STRENGTH = 1.0


class Bin(NamedTuple):
    """Verdicts of similar confidence: their mean confidence, and the share of them that is right."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


class Calibration(NamedTuple):
    """A temperature for the verdict's logits and what it changes; nll: mean negative log-likelihood, ece: expected
    calibration error, each before and after."""

    temperature: float
    nll_before: float
    nll_after: float
    ece_before: float
    ece_after: float
    bins_before: tuple[Bin, ...]
    bins_after: tuple[Bin, ...]


class Weights(NamedTuple):
    """The weight of each log-score in the sum that decides."""

    draft: float
    self_contain: float
    self_reflect: float


def calibrate(log_odds: Sequence[float], right: Sequence[bool]) -> Calibration:
    """Fit the temperature at which log odds of Yes against No are most likely.

    Raises InputError if there are too few drafts, or all of them are right or wrong."""
    odds, labels = np.asarray(log_odds, dtype=np.float64), np.asarray(right, dtype=np.bool_)
    _refuse_one_sided(labels)
    temperature = _best_temperature(odds, labels)
    before, after = reliability(confidence(odds), labels), reliability(confidence(odds / temperature), labels)
    return Calibration(
        temperature, _nll(odds, labels), _nll(odds / temperature, labels), ece(before), ece(after), before, after
    )


def at_bound(temperature: float) -> bool:
    """Whether a fitted temperature is the highest that was tried: the verdicts then say nothing about correctness."""
    return temperature > _NEARLY * _HOTTEST


def _best_temperature(odds: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    from scipy.optimize import minimize_scalar

    span = np.log(_COLDEST), np.log(_HOTTEST)
    optimum = minimize_scalar(lambda log_t: _nll(odds / np.exp(log_t), labels), bounds=span, method="bounded")
    return float(np.exp(optimum.x))


def _nll(odds: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    return float(np.logaddexp(0.0, np.where(labels, -odds, odds)).mean())


def confidence(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(Yes) from the log odds of Yes against No."""
    return np.exp(-np.logaddexp(0.0, -odds))


def reliability(
    confidence: Sequence[float] | NDArray[np.float64], right: Sequence[bool] | NDArray[np.bool_]
) -> tuple[Bin, ...]:
    """Sort verdicts into bins of equal width over [0, 1]; the two values of an empty bin are None."""
    confidences, labels = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.bool_)
    places = np.minimum((confidences * N_BINS).astype(int), N_BINS - 1)
    return tuple(_bin(i, confidences[places == i], labels[places == i]) for i in range(N_BINS))


def _bin(i: int, confidences: NDArray[np.float64], labels: NDArray[np.bool_]) -> Bin:
    n = len(confidences)
    means = (float(confidences.mean()), float(labels.mean())) if n else (None, None)
    return Bin(i / N_BINS, (i + 1) / N_BINS, n, *means)


def ece(bins: Sequence[Bin]) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy, weighted by the size of each bin."""
    total = sum(bucket.n for bucket in bins)
    gaps = (
        bucket.n * abs(bucket.confidence - bucket.accuracy)
        for bucket in bins
        if bucket.confidence is not None and bucket.accuracy is not None
    )
    return sum(gaps) / max(1, total)


def learn_weights(log_scores: Sequence[tuple[float, float, float]], right: Sequence[bool]) -> Weights:
    """Fit weights of draft, self-contain and self-reflect by logistic regression, on the scale of the scores.

    Raises InputError as `calibrate` does."""
    labels = np.asarray(right, dtype=np.bool_)
    _refuse_one_sided(labels)
    from sklearn.linear_model import LogisticRegression

    scores = np.asarray(log_scores, dtype=np.float64)
    spread = np.where(scores.std(axis=0) > 0, scores.std(axis=0), 1.0)
    regression = LogisticRegression(C=_STRENGTH, max_iter=1000).fit((scores - scores.mean(axis=0)) / spread, labels)
    return Weights(*(float(weight) for weight in regression.coef_[0] / spread))


def _refuse_one_sided(labels: NDArray[np.bool_]) -> None:
    n, n_right = len(labels), int(labels.sum())
    if n < _FEWEST or n_right in (0, n):
        raise InputError(f"{n_right} of {n} drafts are right: nothing can be fitted", "use more questions")
