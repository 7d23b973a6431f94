"""The paper's sigmoid and coefficients, as published."""

import numpy as np
import pytest

from engine.allocation.paper_form import GEMINI, HIGH, LOW, clipped, inverse, normalised_score, sigma


def test_the_sigmoid_is_the_published_one() -> None:
    assert (pytest.approx(-2.18), pytest.approx(1.12)) == (LOW, HIGH)
    x = np.array([-0.46, 0.0, 1.0])
    assert sigma(x) == pytest.approx([3.30 / 2 - 2.18, *(3.30 / (1 + np.exp(-1.81 * (x[1:] + 0.46))) - 2.18)])
    assert sigma(np.array([-1e6, 1e6])) == pytest.approx([LOW, HIGH])


def test_the_inverse_is_one_within_the_ends_and_finite_beyond() -> None:
    x = np.linspace(-1.5, 1.0, 20)
    assert inverse(sigma(x)) == pytest.approx(x)
    assert np.isfinite(inverse(np.array([-9.0, 9.0]))).all()
    assert (clipped(np.array([-9.0, 0.0, 9.0])) == [LOW + 0.05, 0.0, HIGH - 0.05]).all()


def test_published_coefficients_predict_normalised_scores_that_grow_with_the_budget() -> None:
    small, large = (normalised_score(theta, (1.0, 0.5)) for theta in ((1, 0, 1), (100, 32, 5)))
    assert LOW < small < large < HIGH
    by_hand = (0.325 - 0.067) * np.log(10.01) + (0.101 - 0.004) * np.log(4.01) + 0.177 * np.log(1.01) - 0.730
    assert normalised_score((10, 4, 1), (1.0, 0.5)) == pytest.approx(float(sigma(np.array([by_hand]))[0]))
    assert GEMINI.b[2] == 0
