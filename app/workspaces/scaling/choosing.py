"""Chooses a setting from what was measured or predicted: the best one under a budget, and the cheapest good enough."""

from collections.abc import Iterable

from engine.events import AnswerMetric, MeasuredCell, PredictedCell


def best_under(cells: Iterable[PredictedCell], budget: float) -> PredictedCell | None:
    """Return the best predicted cell whose longest context is within the budget, of equal ones the shortest."""
    within = [cell for cell in cells if cell.max_context <= budget]
    return max(within, key=lambda cell: (cell.predicted, -cell.mean_context), default=None)


def cheapest_for(cells: Iterable[PredictedCell], wanted: float) -> PredictedCell | None:
    """Return the cell with the shortest context that is predicted to reach a score; None where none is."""
    enough = [cell for cell in cells if cell.predicted >= wanted]
    return min(enough, key=lambda cell: (cell.mean_context, -cell.predicted), default=None)


def frontier(cells: Iterable[MeasuredCell], metric: AnswerMetric) -> list[MeasuredCell]:
    """Return the cells that no shorter one equals, from the shortest on: the best score for each budget."""
    best: list[MeasuredCell] = []
    for cell in sorted(cells, key=lambda cell: (cell.mean_context, -cell.score(metric))):
        if cell.n_questions and (not best or cell.score(metric) > best[-1].score(metric)):
            best.append(cell)
    return best


def plateau(cells: Iterable[MeasuredCell], metric: AnswerMetric, *, share: float = 0.98) -> float | None:
    """Return the context from which on nothing gained more than a few percent; None below three cells."""
    best = frontier(cells, metric)
    if len(best) < 3:
        return None
    top = best[-1].score(metric)
    return next((cell.mean_context for cell in best if cell.score(metric) >= share * top), None)
