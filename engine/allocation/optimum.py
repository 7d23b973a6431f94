"""Chooses the best predicted cell under a budget of tokens, or the cheapest one for a wanted score.

* imports neither Qt nor torch. Source: arXiv:2410.04343, section 2: the budget bounds the effective context of every
question, so that it is the longest one that has to fit."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.errors import InputError
from engine.events import PredictedCell


class ChosenCell(NamedTuple):
    """A cell that was chosen. measured_best: the best of the measured cells that fit, None if none does; share: what
    the chosen one scored, as it was measured, of that; None if it was not measured. beyond: a cell that is predicted to
    be better but extrapolates, None if there is none."""

    cell: PredictedCell
    measured_best: PredictedCell | None = None
    share: float | None = None
    beyond: PredictedCell | None = None


def fitting(cells: Iterable[PredictedCell], budget: int) -> tuple[PredictedCell, ...]:
    """The cells whose longest question stays within the budget."""
    return tuple(cell for cell in cells if cell.max_context <= budget)


def best_under(cells: Sequence[PredictedCell], budget: int) -> ChosenCell:
    """The best cell under a budget, the cheapest of equal ones. Raises InputError: no cell fits."""
    affordable = fitting(cells, budget)
    if not affordable:
        least = min(cell.max_context for cell in cells)
        raise InputError(
            f"budget = {budget:,}: the smallest combination takes up to {least:,.0f} tokens", "use a larger budget"
        )
    within = [cell for cell in affordable if not cell.extrapolates]
    chosen = _best(within or affordable)
    better = _best(affordable)
    return ChosenCell(chosen, *_compared(chosen, affordable), better if better.best_guess > chosen.best_guess else None)


def cheapest_for(cells: Sequence[PredictedCell], wanted: float, budget: int | None = None) -> ChosenCell:
    """The cell of the smallest mean context that is predicted to reach a score. Raises InputError: none does."""
    affordable = tuple(cells) if budget is None else fitting(cells, budget)
    reaching = [cell for cell in affordable if cell.best_guess >= wanted and not cell.extrapolates]
    if not reaching:
        within = [cell for cell in affordable if not cell.extrapolates]
        most = (
            f"at most {max(cell.best_guess for cell in within):.2f} is predicted" if within else "no combination fits"
        )
        raise InputError(
            f"accuracy = {wanted:g}: {most}", "want less" + ("" if budget is None else ", or allow a larger budget")
        )
    chosen = min(reaching, key=lambda cell: (cell.mean_context, -cell.best_guess))
    return ChosenCell(chosen, *_compared(chosen, affordable))


def _best(cells: Iterable[PredictedCell]) -> PredictedCell:
    return max(cells, key=lambda cell: (round(cell.best_guess, 6), -cell.mean_context))


def _compared(chosen: PredictedCell, cells: Iterable[PredictedCell]) -> tuple[PredictedCell | None, float | None]:
    """The best measured cell, and the share of its score that the chosen one reached."""
    measured = [cell for cell in cells if cell.measured is not None]
    best = max(measured, key=lambda cell: (cell.measured or 0.0, -cell.mean_context), default=None)
    if best is None or not best.measured or chosen.measured is None:
        return best, None
    return best, chosen.measured / best.measured
