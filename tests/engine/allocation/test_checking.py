"""What a fit's choices score, of the best of the whole sweep."""

import pytest

from engine.allocation.checking import check, usual_budgets
from engine.errors import InputError
from engine.events import Allocation
from tests.allocations import CELLS, drawn
from tests.engine.allocation.test_fitting import chance

TABLE = drawn(chance, 120, ("single", "bridge"))


def test_choices_of_a_form_that_fits_are_nearly_the_best() -> None:
    budgets = usual_budgets(TABLE)
    assert len(budgets) == 3 and list(budgets) == sorted(budgets)
    for row in check(TABLE, "logit", budgets):
        assert row.chosen in CELLS and row.best in CELLS
        assert row.share == pytest.approx(row.score / row.best_score) and 0.8 < row.share <= 1
        assert row.share_unseen is not None and row.share_unseen > 0.8
        assert row.share_split is not None and row.share_split > 0.9


def test_a_budget_below_every_cell_is_refused() -> None:
    with pytest.raises(InputError, match="budget = 5: no combination fits"):
        check(TABLE, "paper", (5,))


def test_a_cell_beyond_the_budget_is_neither_chosen_nor_the_best() -> None:
    (row,) = check(TABLE, "paper", (40,))
    assert row.chosen == row.best == Allocation(0, 0, 1)
