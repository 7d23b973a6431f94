"""Fits of made-up sweeps: what they recover, predict and refuse."""

from math import exp, log

import numpy as np
import pytest

from engine.allocation.context_lengths import ContextModel
from engine.allocation.fitting import AllocationFit, fit, predictions
from engine.allocation.optimum import best_under
from engine.errors import InputError
from engine.events import Allocation, AllocationForm
from tests.allocations import CELLS, drawn, table

FORMS: tuple[AllocationForm, ...] = ("paper", "logit")


def chance(kind: str, cell: Allocation) -> float:
    """Single questions live on documents, bridge questions on iterations too."""
    doc, shot, iteration, c = {"single": (0.45, 0.03, 0.1, 0.9), "bridge": (0.25, 0.05, 0.9, -0.6)}[kind]
    line = doc * log(cell.k + 0.01) + shot * log(cell.m + 0.01) + iteration * log(cell.n + 0.01) + c
    return 1 / (1 + exp(-line))


@pytest.fixture(scope="module", params=FORMS)
def fits(request: pytest.FixtureRequest) -> AllocationFit:
    return fit(drawn(chance, 400, ("single", "bridge")), request.param)


def test_held_out_cells_are_predicted(fits: AllocationFit) -> None:
    assert fits.held_out.accuracy_r2 is not None and fits.held_out.accuracy_r2 > 0.8
    assert fits.held_out.r2 is not None and fits.held_out.r2 < fits.r2
    assert len(fits.held_out.points) == len(CELLS) - (3 if fits.design.form == "paper" else 4)
    if fits.design.form == "paper":  # z-scores vary by one, but for the ends that are cut
        assert fits.mse == pytest.approx(1 - fits.r2, abs=0.01)


def test_intervals_hold_what_was_measured(fits: AllocationFit) -> None:
    rows = [row for row in predictions(fits, ContextModel(fits.table)) if row.measured is not None]
    inside = [row.ci.low <= row.measured <= row.ci.high for row in rows if row.ci and row.measured is not None]
    assert len(inside) == len(CELLS) and sum(inside) >= 0.9 * len(inside)


def test_the_choice_is_nearly_as_good_as_the_best(fits: AllocationFit) -> None:
    rows = predictions(fits, ContextModel(fits.table))
    for budget in (200, 600, 3000):
        chosen = best_under(rows, budget).cell.allocation
        best = max(np.mean([chance(kind, cell.allocation) for kind in ("single", "bridge")])
                   for cell in rows if cell.max_context <= budget and not cell.extrapolates)  # fmt: skip
        assert np.mean([chance(kind, chosen) for kind in ("single", "bridge")]) >= 0.9 * best


def test_an_estimate_lies_between_what_is_predicted_and_what_was_measured(fits: AllocationFit) -> None:
    rows = predictions(fits, ContextModel(fits.table))
    for row in rows:
        assert row.estimate is not None and row.best_guess == row.estimate
        if row.measured is None:
            assert row.estimate == pytest.approx(row.predicted)
        else:
            assert min(row.predicted, row.measured) - 1e-9 <= row.estimate <= max(row.predicted, row.measured) + 1e-9


def test_terms_have_the_papers_values_beside_them(fits: AllocationFit) -> None:
    assert [term.paper for term in fits.terms] == [0.325, 0.101, 0.177, -0.067, -0.008, -0.730]
    assert all(term.ci is not None for term in fits.terms if term.value is not None)
    assert [term.name for term in fits.own_terms] == ([] if fits.design.form == "paper" else ["b_iter"])


@pytest.mark.parametrize("form", FORMS)
def test_one_task_leaves_b_open_and_says_so(form: AllocationForm) -> None:
    single = fit(drawn(chance, 30, ("single",)), form)
    b = {term.name: term for term in single.terms}["b_doc"]
    assert b.value is None and b.why_not == "one kind of questions alone cannot tell b from a"
    assert single.cautions.count(b.why_not) == 1


@pytest.mark.parametrize("form", FORMS)
def test_scores_of_nothing_and_everything_give_finite_figures(form: AllocationForm) -> None:
    scores = np.tile([float(cell.k > 1) for cell in CELLS], (12, 1))
    fitted = fit(table(scores, ["single"] * 12), form)
    assert np.isfinite([fitted.r2, fitted.mse, *fitted.predict(CELLS)]).all()
    assert ((fitted.predict(CELLS) >= 0) & (fitted.predict(CELLS) <= 1)).all()


@pytest.mark.parametrize("form", FORMS)
def test_what_cannot_be_fitted_gives_one_clear_line(form: AllocationForm) -> None:
    tasks = ["single"] * 12
    with pytest.raises(InputError, match=r"all 30 combinations score 0\.70: there is nothing to fit"):
        fit(table(np.full((12, len(CELLS)), 0.7), tasks), form)
    few = (CELLS[0], CELLS[1], CELLS[4])
    with pytest.raises(InputError, match="3 combinations cannot determine 3 coefficients"):
        fit(table(np.tile([0.1, 0.5, 0.2], (12, 1)), tasks, few), form)
    with pytest.raises(InputError, match="without the cell k 0, m 1, n 1: it was not swept"):
        fit(table(np.eye(12, 5), tasks, CELLS[:4] + CELLS[-1:]), form)
    with pytest.raises(InputError, match="is no number"):
        fit(table(np.full((12, len(CELLS)), np.nan), tasks), form)


def test_few_questions_have_no_intervals() -> None:
    few = fit(drawn(chance, 8, ("single",)), "logit")
    assert all(term.ci is None for term in few.terms)
    assert all(row.ci is None for row in predictions(few, ContextModel(few.table)))
    assert any("too few for intervals" in caution for caution in few.cautions)
