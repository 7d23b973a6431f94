"""Choosing under a budget, and for a wanted score."""

import pytest

from engine.allocation.optimum import best_under, cheapest_for, fitting
from engine.errors import InputError
from engine.events import Allocation, PredictedCell

CELLS = (
    PredictedCell(Allocation(0, 0, 1), 0.2, 20, 25, measured=0.25),
    PredictedCell(Allocation(2, 0, 1), 0.6, 150, 190, measured=0.6),
    PredictedCell(Allocation(2, 1, 1), 0.6, 350, 420, measured=0.5),
    PredictedCell(Allocation(5, 1, 1), 0.7, 800, 950),
    PredictedCell(Allocation(5, 1, 2), 0.9, 900, 990, extrapolates="2 iterations, measured 1 to 1"),
)


def test_the_longest_question_has_to_fit() -> None:
    assert [cell.allocation.k for cell in fitting(CELLS, 200)] == [0, 2]
    assert not fitting(CELLS, 24)


def test_the_cheapest_of_equals_is_chosen_and_compared_with_what_was_measured() -> None:
    choice = best_under(CELLS, 500)
    assert choice.cell == CELLS[1] and choice.share == 1.0 and choice.beyond is None


def test_extrapolation_is_offered_but_not_chosen() -> None:
    choice = best_under(CELLS, 1000)
    assert (choice.cell, choice.beyond, choice.share) == (CELLS[3], CELLS[4], None)
    assert choice.measured_best == CELLS[1]


def test_a_budget_below_everything_names_the_least_one() -> None:
    with pytest.raises(InputError, match="budget = 24: the smallest combination takes up to 25 tokens"):
        best_under(CELLS, 24)


def test_the_cheapest_setting_for_a_wanted_score() -> None:
    assert cheapest_for(CELLS, 0.55).cell == CELLS[1]
    assert cheapest_for(CELLS, 0.65).cell == CELLS[3]
    with pytest.raises(InputError, match=r"at most 0\.70 is predicted; want less$"):
        cheapest_for(CELLS, 0.8)
    with pytest.raises(InputError, match="no combination fits"):
        cheapest_for(CELLS, 0.5, budget=10)
