"""Sums up the answers of a sweep, cell by cell.

* imports neither Qt nor torch."""

from collections.abc import Iterable, Sequence
from math import ceil
from statistics import fmean

from engine.allocation.grid import NOTHING
from engine.events import Allocation, CellAnswered, MeasuredCell
from engine.statistics import FEWEST_FOR_INTERVAL, wilson_interval


def measured_cells(answers: Iterable[CellAnswered]) -> tuple[MeasuredCell, ...]:
    """The figures of every cell, in the order of n, m and k."""
    by_cell: dict[Allocation, list[CellAnswered]] = {}
    for answer in answers:
        by_cell.setdefault(answer.allocation, []).append(answer)
    ordered = sorted(by_cell, key=lambda cell: (cell.n, cell.m, cell.k))
    return tuple(_cell(cell, by_cell[cell]) for cell in ordered)


def _cell(cell: Allocation, answers: Sequence[CellAnswered]) -> MeasuredCell:
    asked = [answer for answer in answers if not answer.why]
    n_unanswered = len(answers) - len(asked)
    why_not = next((answer.why for answer in answers if answer.why), "")
    if not asked:
        return MeasuredCell(cell, 0, 0.0, 0.0, 0.0, 0.0, 0, n_unanswered=n_unanswered, why_not=why_not)
    accuracy, n = fmean(answer.right for answer in asked), len(asked)
    return MeasuredCell(
        cell,
        n,
        accuracy,
        fmean(answer.exact_match for answer in asked),
        fmean(answer.f1 for answer in asked),
        fmean(answer.input_tokens for answer in asked),
        max(answer.input_tokens for answer in asked),
        wilson_interval(accuracy, n) if n >= FEWEST_FOR_INTERVAL else None,
        fmean(answer.output_tokens for answer in asked),
        fmean(answer.docs for answer in asked),
        fmean(answer.demos for answer in asked),
        fmean(answer.iterations for answer in asked),
        fmean(answer.latency_ms for answer in asked),
        sum(answer.demos < cell.m for answer in asked),
        n_unanswered,
        why_not,
        _percentile_99([answer.latency_ms for answer in asked]),
    )


def _percentile_99(values: Sequence[float]) -> float:
    """The nearest rank: below 100 values the largest."""
    return sorted(values)[ceil(0.99 * len(values)) - 1]


def efficiencies(cells: Sequence[MeasuredCell]) -> tuple[float | None, ...]:
    """Percentage points of accuracy per 1,000 tokens that each cell brings over asking with nothing; None for that."""
    base = next((cell for cell in cells if cell.allocation == NOTHING), None)
    return tuple(None if base is None else _efficiency(cell, base) for cell in cells)


def _efficiency(cell: MeasuredCell, base: MeasuredCell) -> float | None:
    tokens = cell.mean_context - base.mean_context
    return 100 * (cell.accuracy - base.accuracy) / (tokens / 1000) if tokens > 0 and cell.n_questions else None
