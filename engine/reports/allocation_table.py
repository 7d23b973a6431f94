"""The table of a sweep: what each combination of documents, demonstrations and iterations reached.

* imports neither Qt nor torch."""

from collections.abc import Sequence

from engine.events import Event, SweepMeasured
from engine.reports.cells import Cell, ReportColumn, ReportTable, interval_cells, interval_columns

_COLUMNS = (
    ReportColumn("k", "documents k", "count"), ReportColumn("m", "demonstrations m", "count"),
    ReportColumn("n", "iterations n", "count"), ReportColumn("questions", "questions", "count"),
    ReportColumn("accuracy", "right answers", "share"), *interval_columns("accuracy"),
    ReportColumn("exact_match", "exact match", "share"), ReportColumn("f1", "F1", "share"),
    ReportColumn("mean_context", "effective context, mean"), ReportColumn("max_context", "longest question", "count"),
    ReportColumn("efficiency", "points per 1,000 tokens"),
)  # fmt: skip


def sweep_table(events: Sequence[Event]) -> ReportTable | None:
    """The combinations of the last figures of a sweep; None for any other log."""
    last = next((event for event in reversed(events) if isinstance(event, SweepMeasured)), None)
    if last is None or not last.cells:
        return None
    gains = last.efficiency or (None,) * len(last.cells)
    rows: list[tuple[Cell, ...]] = [
        (
            cell.allocation.k, cell.allocation.m, cell.allocation.n, cell.n_questions, cell.accuracy,
            *interval_cells(cell.accuracy_ci), cell.exact_match, cell.f1, cell.mean_context, cell.max_context, gain,
        )
        for cell, gain in zip(last.cells, gains, strict=False)
    ]  # fmt: skip
    return ReportTable("Combinations", _COLUMNS, tuple(rows))
