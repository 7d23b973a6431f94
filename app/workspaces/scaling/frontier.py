"""What a sweep says without a fit: the best score for each context length, and where it gains no more."""

from collections.abc import Iterable, Sequence

from engine.events import AnswerMetric, MeasuredCell

# A gain this close to the longest context, as a factor, is no plateau.
_CLOSE = 1.5


def frontier(cells: Iterable[MeasuredCell], metric: AnswerMetric) -> list[MeasuredCell]:
    """Return the cells that no shorter one equals, from the shortest on: the best score for each budget."""
    best: list[MeasuredCell] = []
    for cell in sorted(cells, key=lambda cell: (cell.mean_context, -cell.score(metric))):
        if cell.n_questions and (not best or cell.score(metric) > best[-1].score(metric)):
            best.append(cell)
    return best


def plateau(cells: Sequence[MeasuredCell], metric: AnswerMetric, *, share: float = 0.98) -> float | None:
    """Return the context from which on nothing gained more than a few percent; None below three cells, and where the
    longest still gained."""
    best = frontier(cells, metric)
    if len(best) < 3:
        return None
    top = best[-1].score(metric)
    first = next(cell for cell in best if cell.score(metric) >= share * top)
    longest = max(cell.mean_context for cell in cells)
    return first.mean_context if first.mean_context < longest / _CLOSE else None
