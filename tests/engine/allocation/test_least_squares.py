"""Least squares on made-up scores: known coefficients come back."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import fsolve

from engine.allocation import paper_form
from engine.allocation.fitting import logs_of
from engine.allocation.grid import REFERENCE, cells_of
from engine.allocation.least_squares import TERMS, Design, distinct_terms, fitted, predicted, scaled
from engine.events import Allocation
from tests.allocations import CELLS

LOGS = logs_of(CELLS)
PLACES = tuple(CELLS.index(cell) for cell in REFERENCE)
MANY = 1e12


def design(form: str, n_tasks: int) -> Design:
    shares = np.full(n_tasks, 1 / n_tasks)
    return Design(form, LOGS, PLACES, np.full(n_tasks, MANY), shares)  # type: ignore[arg-type]


def logit_scores(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], iterating: int | None = None
) -> NDArray[np.float64]:
    """Scores of tasks that agree with the information terms they state: gone round until nothing changes."""
    i = np.tile([0.2, 0.1, 0.0], (len(c), 1))
    for _ in range(200):
        scores: NDArray[np.float64] = 1 / (1 + np.exp(-((a + b * i) @ LOGS.T + c[:, None])))
        nothing, document, shot = scores[:, PLACES].T
        gain = np.zeros(len(c)) if iterating is None else scores[:, iterating] - document
        i = 0.5 * i + 0.5 * np.stack((document - nothing, shot - nothing, gain), axis=1)
    return scores


def test_coefficients_of_a_sigmoid_of_the_paper_come_back() -> None:
    cells = cells_of((0, 1, 4), (0, 1, 3), (1,))
    logs, a = logs_of(cells), np.array([0.3, 0.1, 0.0])

    def off(unknown: NDArray[np.float64]) -> list[float]:
        z = paper_form.sigma(logs @ (a * unknown[0]) + unknown[1])
        return [float(z.mean()), float(z.std()) - 1]

    scale, c = fsolve(off, [1.0, -0.5])  # z-scored scores have mean 0 and spread 1
    z = paper_form.sigma(logs @ (a * scale) + c)
    assert (paper_form.clipped(z) == z).all()
    made = design("paper", 1)._replace(logs=logs, reference=tuple(map(cells.index, REFERENCE)))
    scores = (0.5 + 0.2 * z)[None]
    terms = tuple(term for term, why_not in distinct_terms(scores, made).items() if not why_not)
    assert terms == ("a_doc", "a_shot", "c")
    fits = fitted(scores[None], np.ones((1, len(cells))), made, terms)
    assert fits.coefficients[0] == pytest.approx([*(a * scale), 0, 0, 0, c], abs=1e-6)
    assert predicted(fits, logs, made)[1][0, 0] == pytest.approx(scores[0], abs=1e-6)


def test_all_coefficients_come_back_where_tasks_gain_differently() -> None:
    a, b, c = np.array([0.35, 0.12, 0.25]), np.array([-0.2, 0.3, 0.4]), np.array([-1.0, 0.0, 1.5])
    for form_has_iterating in (False, True):
        iterating = CELLS.index(Allocation(1, 0, 3)) if form_has_iterating else None
        made = design("logit", 3)._replace(iterating=iterating)
        own_b = b if form_has_iterating else b * [1, 1, 0]
        scores = logit_scores(a, own_b, c, iterating)
        terms = tuple(term for term, why_not in distinct_terms(scores, made).items() if not why_not)
        assert terms == tuple(term for term in TERMS if form_has_iterating or term != "b_iter")
        fits = fitted(scores[None], np.ones((1, len(CELLS))), made, terms)
        assert fits.coefficients[0] == pytest.approx([*a, *own_b, c.mean()], abs=1e-5)
        assert fits.intercepts[0] == pytest.approx(c, abs=1e-5)


def test_a_cell_that_is_held_out_changes_nothing() -> None:
    made = design("logit", 1)
    scores = logit_scores(np.array([0.35, 0.12, 0.25]), np.zeros(3), np.zeros(1))
    weights = np.ones((1, len(CELLS)))
    weights[0, -1] = 0
    terms = ("a_doc", "a_shot", "a_iter", "c")
    before = fitted(scores[None], weights, made, terms)  # type: ignore[arg-type]
    scores[0, -1] = 0.01
    after = fitted(scores[None], weights, made, terms)  # type: ignore[arg-type]
    assert (before.coefficients == after.coefficients).all()


def test_a_task_without_differences_is_predicted_as_it_is() -> None:
    made = design("paper", 2)
    scores = np.stack((np.linspace(0.2, 0.8, len(CELLS)), np.ones(len(CELLS))))
    fits = fitted(scores[None], np.ones((1, len(CELLS))), made, ("a_doc", "a_shot", "a_iter", "c"))
    assert (predicted(fits, LOGS, made)[1][0, 1] == 1).all()
    assert scaled(scores[None], np.ones((1, len(CELLS))), made).varies.tolist() == [[True, False]]


def test_a_term_that_says_nothing_new_is_named_with_its_reason() -> None:
    flat = [place for place, cell in enumerate(CELLS) if cell.n == 1]
    made = design("paper", 1)._replace(logs=LOGS[flat], reference=tuple(flat.index(place) for place in PLACES))
    reasons = distinct_terms(np.linspace(0.1, 0.9, len(flat))[None], made)
    assert "number of iterations" in reasons["a_iter"] and "cannot tell b from a" in reasons["b_doc"]
    assert not reasons["a_doc"]
