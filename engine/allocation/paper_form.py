"""The paper's own sigmoid and coefficients.

* imports neither Qt nor torch. Source: arXiv:2410.04343, section 5, table 8 and appendix H. The coefficients are those
of Gemini 1.5 Flash and are shown beside a fit; nothing is ever predicted with them for another model."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# sigma(x) = RANGE / (1 + exp(-SLOPE (x + SHIFT))) + LOW
_RANGE, _SLOPE, _SHIFT, LOW = 3.30, 1.81, 0.46, -2.18
HIGH = LOW + _RANGE
# A score this close to the ends of the sigmoid counts as if it were this far from them.
_MARGIN = 0.05
# Added to k, m and n before their logarithm, so that 0 has one.
EPSILON = 0.01


class Coefficients(NamedTuple):
    """sigma^-1(P) = (a + b i)^T log(theta + EPSILON) + c; each over documents, demonstrations, iterations."""

    a: tuple[float, float, float]
    b: tuple[float, float, float]
    c: float


GEMINI = Coefficients((0.325, 0.101, 0.177), (-0.067, -0.008, 0.0), -0.730)
GEMINI_R2, GEMINI_MSE = 0.903, 0.085


def sigma(x: Array) -> Array:
    """The normalised score of a linear predictor; between LOW and HIGH."""
    return _RANGE * np.exp(-np.logaddexp(0.0, -_SLOPE * (x + _SHIFT))) + LOW


def inverse(score: Array) -> Array:
    """The linear predictor of a normalised score; scores beyond the ends are moved to just within them."""
    share = (clipped(score) - LOW) / _RANGE
    return np.log(share / (1.0 - share)) / _SLOPE - _SHIFT


def clipped(score: Array) -> Array:
    """A normalised score where the sigmoid has values."""
    # paper differs: it drops such peaks and valleys; few cells could not be spared.
    return np.clip(score, LOW + _MARGIN, HIGH - _MARGIN)


def logs(theta: Array) -> Array:
    """Logarithms of k, m and n, shifted."""
    return np.log(theta + EPSILON)


def normalised_score(theta: tuple[int, int, int], i: tuple[float, float], coefficients: Coefficients = GEMINI) -> float:
    """What the form predicts for one setting: a normalised score, no share of right answers."""
    slopes = np.array(coefficients.a) + np.array(coefficients.b) * np.array([*i, 0.0])
    return float(sigma(np.atleast_1d(slopes @ logs(np.array(theta, dtype=np.float64)) + coefficients.c))[0])
