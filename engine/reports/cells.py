"""A table of a report: its cells as numbers and text, as a CSV file, and as people read them.

* imports neither Qt nor torch."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from engine.reports import words
from engine.reports.shown_text import one_line
from engine.statistics import Interval, RatioEstimate

Cell: TypeAlias = str | int | float | bool | None
# How a value is read: `low`, `high` and `spread` belong to the column before them, and are shown with it.
Form: TypeAlias = Literal["text", "count", "share", "figure", "factor", "ms", "bytes", "yes", "low", "high", "spread"]
# A spreadsheet would evaluate a cell that starts with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL = 4000


class ReportColumn(NamedTuple):
    """name: in files; title: what people read, with the unit. missing: shown where there is no value."""

    name: str
    title: str
    form: Form = "figure"
    missing: str = words.UNKNOWN


class ReportTable(NamedTuple):
    """Rows under columns. Text in cells may be foreign."""

    title: str
    columns: tuple[ReportColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def only(self, *names: str) -> "ReportTable":
        """The table with these columns alone, in this order; intervals stay with their figures."""
        own = [column.name for column in self.columns]
        places: list[int] = []
        for name in names:
            start = own.index(name)
            places += [start, *_followers(self.columns, start)]
        rows = tuple(tuple(row[place] for place in places) for row in self.rows)
        return ReportTable(self.title, tuple(self.columns[place] for place in places), rows)


class ShownTable(NamedTuple):
    """A table as people read it: figures with their intervals in one cell. numeric: columns to align to the right."""

    title: str
    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


def interval_columns(name: str) -> tuple[ReportColumn, ReportColumn]:
    """The columns of an interval, to stand after the column of its figure."""
    return ReportColumn(f"{name}_low", "low", "low"), ReportColumn(f"{name}_high", "high", "high")


def interval_cells(interval: Interval | tuple[float, float] | None) -> tuple[Cell, Cell]:
    """The cells of an interval."""
    return (None, None) if interval is None else (interval[0], interval[1])


def ratio_columns(name: str, title: str, form: Form = "factor") -> tuple[ReportColumn, ...]:
    """The columns of a figure with its interval or range, and which of the two it is."""
    return (
        ReportColumn(name, title, form), *interval_columns(name),
        ReportColumn(f"{name}_spread", "spread", "spread"), ReportColumn(f"{name}_n", "units", "count"),
    )  # fmt: skip


def ratio_cells(estimate: RatioEstimate | None) -> tuple[Cell, ...]:
    """The cells under `ratio_columns`."""
    if estimate is None:
        return (None,) * 5
    kind = "ci" if estimate.ci is not None else "range" if estimate.range is not None else None
    return (estimate.value, *interval_cells(words.extent(estimate)), kind, estimate.n)


def text_cell(text: str) -> str:
    """Foreign text as a cell that is safe to display and that no spreadsheet evaluates."""
    shown = one_line(text, longest=_LONGEST_CELL)
    return f"'{shown}" if text.startswith(_FORMULA_STARTS) or shown.lstrip().startswith(_FORMULA_STARTS) else shown


def is_number(text: str) -> bool:
    """Whether a cell's text is a number, whose sign is no formula."""
    return text.isascii() and re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) is not None


def as_csv(table: ReportTable) -> str:
    """The table as CSV with a header, and a point in decimal fractions whatever the locale."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows([_file_cell(cell) for cell in row] for row in table.rows)
    return out.getvalue()


def _file_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return text_cell(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if cell is None or cell != cell:
        return ""
    return f"{cell:.10g}" if isinstance(cell, float) else str(cell)


def shown(table: ReportTable) -> ShownTable:
    """The table as people read it."""
    starts = [i for i, column in enumerate(table.columns) if column.form not in ("low", "high", "spread")]
    columns = [table.columns[i] for i in starts]
    rows = tuple(tuple(_shown_cell(table.columns, row, i) for i in starts) for row in table.rows)
    numeric = tuple(column.form not in ("text", "yes") for column in columns)
    return ShownTable(table.title, tuple(column.title for column in columns), numeric, rows)


def _followers(columns: Sequence[ReportColumn], start: int) -> list[int]:
    """The places of the interval that belongs to a figure."""
    places = []
    for i in range(start + 1, len(columns)):
        if columns[i].form not in ("low", "high", "spread"):
            break
        places.append(i)
    return places


def _shown_cell(columns: Sequence[ReportColumn], row: Sequence[Cell], start: int) -> str:
    value, column = row[start], columns[start]
    if value is None:
        return column.missing
    text = _formatted(value, column.form)
    ends = {columns[i].form: row[i] for i in _followers(columns, start)}
    low, high = ends.get("low"), ends.get("high")
    if low is None or high is None or low == high == value:
        return text
    around = _formatted(low, column.form).rstrip("×"), _formatted(high, column.form).rstrip("×")
    return (
        f"{text} ({around[0]} to {around[1]})"
        if ends.get("spread") == "range"
        else f"{text} [{around[0]}, {around[1]}]"
    )


def _formatted(value: Cell, form: Form) -> str:
    if isinstance(value, bool) or form == "yes":
        return "✓ yes" if value else "✗ no"
    if not isinstance(value, int | float):
        return one_line(str(value), longest=_LONGEST_CELL)
    if form == "count":
        return f"{value:,.0f}"
    if form == "bytes":
        return words.memory(value)
    if form == "ms":
        return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"
    if form == "factor":
        return words.times(value)
    return (
        f"{value:,.{2 if abs(value) < 100 else 0}f}"
        if form == "share" or value == 0 or abs(value) >= 0.01
        else f"{value:.2g}"
    )
