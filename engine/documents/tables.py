"""Reads tables whose cells are parted by commas, semicolons, tabs or bars, as spreadsheets and people write them.

* imports neither Qt nor torch."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _csv import Reader

# Of two that divide as evenly the first: commas stand in numbers and sentences, too.
_SEPARATORS = "\t;|,"
_PROBED_CHARACTERS, _PROBED_ROWS = 1 << 16, 50
_LONGEST_CELL = 32 << 20
# After so many the rest is read without quotes.
_MOST_OPEN_QUOTES = 10


class TextTable(NamedTuple):
    """Rows below the names of their columns. first_row: the number of the first of them in the file, from 1 below the
    names; before: title lines above the names; problems: what may be wrong with it."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    before: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class NoTable(Exception):
    """Text that is no table, and why."""


def read_table(text: str) -> TextTable:
    """Read a table: its separator, title lines above the names of its columns, and quoted cells. Raises NoTable."""
    separator, content = _declared(text.lstrip("\ufeff"))
    separator = separator or _separator(content)
    try:
        rows, problems = _rows_and_problems(content, separator)
    except csv.Error as err:
        raise NoTable(f"is not a table ({err})") from err
    return with_names(rows, problems)


def cells_with_names(names: Sequence[str], row: Sequence[str]) -> str:
    """A row as text: each cell with the name of its column."""
    fields = [f"{name.strip()}: {value}" if name.strip() else value for name, value in zip(names, row, strict=False)]
    return "\n".join([*fields, *row[len(names) :]])


def _declared(text: str) -> tuple[str, str]:
    """The separator that a first line like `sep=;` declares, and the text after it; otherwise none and all of it."""
    line, _, rest = text.partition("\n")
    name, sign, separator = line.strip('\r "').partition("=")
    if name.lower() == "sep" and sign and len(separator or "\t") == 1:
        return separator or "\t", rest
    return "", text


def _separator(text: str) -> str:
    """The separator with which most rows have the same number of cells, of which the most."""
    return max(_SEPARATORS, key=lambda separator: _agreement(text[:_PROBED_CHARACTERS], separator))


def _agreement(text: str, separator: str) -> tuple[float, int]:
    try:
        rows = _rows(text, separator)[:_PROBED_ROWS]
    except csv.Error:
        return 0.0, 0
    counts = Counter(len(row) for row in rows if len(row) > 1)
    if not counts:
        return 0.0, 0
    n_cells, n_rows = max(counts.items(), key=lambda item: (item[1], item[0]))
    return n_rows / len(rows), n_cells


def _rows(text: str, separator: str) -> list[list[str]]:
    return [row for row in _reader(io.StringIO(text, newline=""), separator) if _n_filled(row)]


def _rows_and_problems(text: str, separator: str) -> tuple[list[list[str]], tuple[str, ...]]:
    """All rows; a line that opens a quote which is not closed at the end of a cell is a row by itself."""
    lines = list(io.StringIO(text, newline=""))
    rows: list[list[str]] = []
    problems: list[str] = []
    start = 0
    while start < len(lines) and len(problems) < _MOST_OPEN_QUOTES:
        whole, n_lines, n_hidden = _whole_rows(lines[start:], separator)
        rows += whole
        start += n_lines
        if n_hidden:
            rows += _unquoted(lines[start : start + 1], separator)
            lines_hidden = "the next line" if n_hidden == 1 else f"the next {n_hidden:,} lines"
            problems.append(f"line {start + 1:,} opens a quote that is not closed and would hide {lines_hidden}")
            start += 1
    return rows + _unquoted(lines[start:], separator), tuple(problems)


def _whole_rows(lines: Sequence[str], separator: str) -> tuple[list[list[str]], int, int]:
    """The rows up to a quote that is not closed, how many lines they are, and how many more that quote would hide."""
    reader, start = _reader(lines, separator), 0
    rows: list[list[str]] = []
    for row in reader:
        n_lines = reader.line_num - start
        if n_lines > 1 and not _is_well_quoted(lines[start : reader.line_num], separator):
            return rows, start, n_lines - 1
        rows += [row] if _n_filled(row) else []
        start = reader.line_num
    return rows, start, 0


def _unquoted(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Each line as a row, with quotes as signs of the text."""
    plain = csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE)
    return [[cell.strip().strip('"') for cell in row] for row in plain if _n_filled(row)]


def _reader(lines: Iterable[str], separator: str, *, strict: bool = False) -> "Reader":
    csv.field_size_limit(_LONGEST_CELL)
    return csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)


def _is_well_quoted(lines: Sequence[str], separator: str) -> bool:
    """Whether each quote of a row of several lines is closed at the end of its cell."""
    try:
        return len(list(_reader(lines, separator, strict=True))) == 1
    except csv.Error:
        return False


def with_names(rows: Sequence[Sequence[str]], problems: tuple[str, ...] = ()) -> TextTable:
    """Take the first row that is as wide as most as the names; shorter ones before it are title lines.

    Raises NoTable if there is no row below the names."""
    widths = Counter(map(len, rows[:_PROBED_ROWS]))
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    first = next((i for i, row in enumerate(rows) if _n_filled(row) > 1 or usual < 2), 0)
    if usual > 1 and len(rows) > first + 1:
        first = next((i for i, row in enumerate(rows) if len(row) >= usual and _n_filled(row) * 2 > usual), first)
    before = tuple(" ".join(filter(None, map(str.strip, row))) for row in rows[:first])
    if len(rows) <= first + 1:
        raise NoTable("holds no row below its header")
    return TextTable(tuple(rows[first]), tuple(map(tuple, rows[first + 1 :])), before, problems)


def _n_filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)
