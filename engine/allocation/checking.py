"""Measures what the fitted model's choice is worth: its score over that of the best cell of an exhaustive sweep.

* imports neither Qt nor torch.

The best of many measured cells is partly luck: the share of it understates a choice. So the choice is also made from
half of the questions and scored on the others, and from a fit that has not seen a third of the cells."""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.allocation.answer_table import AnswerTable
from engine.allocation.fitting import fit
from engine.allocation.grid import REFERENCE
from engine.errors import InputError
from engine.events import Allocation, AllocationForm

_N_SPLITS = 20
_UNSEEN = 1 / 3


class BudgetCheck(NamedTuple):
    """One budget. chosen: by the fit of everything, score: as it was measured; best, best_score: of the measured cells.

    share: score over best_score. share_unseen: the same on average, of fits that have not seen a third of the cells.
    share_split: chosen on half of the questions, scored on the others, over what the cell that was measured best on
    the first half scores there. None where too little was measured."""

    budget: int
    chosen: Allocation
    score: float
    best: Allocation
    best_score: float
    share: float
    share_unseen: float | None
    share_split: float | None


def usual_budgets(table: AnswerTable) -> tuple[int, ...]:
    """Three budgets: under which a third, two thirds and all of the cells fit."""
    lengths = np.sort(table.contexts.max(0))
    places = [len(lengths) // 3, 2 * len(lengths) // 3, len(lengths) - 1]
    return tuple(dict.fromkeys(int(lengths[place]) for place in places))


def check(table: AnswerTable, form: AllocationForm, budgets: Sequence[int]) -> tuple[BudgetCheck, ...]:
    """Check every budget. Raises InputError: nothing can be fitted, or no cell fits a budget."""
    whole = _chances(table, form)
    unseen, split = _unseen_choices(table, form), _split_choices(table, form)
    return tuple(_checked(table, budget, whole, unseen, split) for budget in budgets)


class _SplitChances(NamedTuple):
    """Predictions and scores of the questions that were fitted, and scores of the others; by cell."""

    predicted: NDArray[np.float64]
    known: NDArray[np.float64]
    other: NDArray[np.float64]


def _checked(
    table: AnswerTable,
    budget: int,
    whole: NDArray[np.float64],
    unseen: Sequence[NDArray[np.float64]],
    split: Sequence[_SplitChances],
) -> BudgetCheck:
    lengths, scores = table.contexts.max(0), table.scores.mean(0)
    places = [int(place) for place in np.flatnonzero(lengths <= budget)]
    if not places:
        raise InputError(f"budget = {budget:,}: no combination fits into it", "use a larger budget")

    def pick(values: NDArray[np.float64]) -> int:
        return max(places, key=lambda place: (round(float(values[place]), 6), -table.contexts[:, place].mean()))

    chosen, best = pick(whole), pick(scores)
    shares_unseen = [_over(scores[pick(chances)], scores[best]) for chances in unseen]
    shares_split = [_over(part.other[pick(part.predicted)], part.other[pick(part.known)]) for part in split]
    return BudgetCheck(
        budget,
        table.cells[chosen],
        float(scores[chosen]),
        table.cells[best],
        float(scores[best]),
        _over(scores[chosen], scores[best]),
        fmean(shares_unseen) if shares_unseen else None,
        fmean(shares_split) if shares_split else None,
    )


def _over(score: float, best: float) -> float:
    return float(score / best) if best > 0 else 1.0


def _chances(table: AnswerTable, form: AllocationForm, cells: Sequence[Allocation] = ()) -> NDArray[np.float64]:
    """What a fit of a table predicts for its cells, or for these."""
    return fit(table, form).estimate(cells or table.cells)


def _unseen_choices(table: AnswerTable, form: AllocationForm) -> list[NDArray[np.float64]]:
    """Predictions of all cells by fits to two thirds of them."""
    rng = np.random.default_rng(0)
    others = [cell for cell in table.cells if cell not in REFERENCE]
    n_kept = len(others) - round(_UNSEEN * len(others))
    chances = []
    for _ in range(_N_SPLITS):
        kept = {others[place] for place in rng.permutation(len(others))[:n_kept]}
        try:
            chances.append(_chances(table.of_cells({*REFERENCE, *kept}), form, table.cells))
        except InputError:
            continue
    return chances


def _split_choices(table: AnswerTable, form: AllocationForm) -> list[_SplitChances]:
    """Predictions from half of the questions, with the scores of both halves."""
    rng = np.random.default_rng(1)
    parts = []
    for _ in range(_N_SPLITS):
        order = rng.permutation(len(table.questions))
        first, second = (table.of_questions(list(map(int, half))) for half in np.array_split(order, 2))
        try:
            parts.append(_SplitChances(_chances(first, form), first.scores.mean(0), second.scores.mean(0)))
        except InputError:
            continue
    return parts
