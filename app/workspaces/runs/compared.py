"""The page that shows several kept runs side by side: figures and settings, differences marked, where texts part."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.panels.comparison import Divergence, parting
from app.plots.table_export import offer_csv
from app.state.run_record import RunRecord
from app.text.plain_text import one_line
from app.text.shown_text import visible
from app.widgets.labels import plain_label
from app.widgets.tables import FigureTable
from app.words import quantities
from app.words.counts import count
from app.workspaces.runs import words
from app.workspaces.runs.library import RunLibrary
from app.workspaces.runs.particulars import Fields, Particulars, read_particulars
from engine.runs import trace
from engine.store.rows import RunRow

_LONGEST, _LONGEST_TEXT = 80, 60
_NO_VALUE = quantities.UNKNOWN


class ComparedField(NamedTuple):
    """A line of the table: a name, a value for each run, and whether they differ."""

    name: str
    values: tuple[str, ...]
    differs: bool


def read_divergence(rows: Sequence[RunRow]) -> Divergence | None:
    """Where the texts of two runs part; None if they are no runs of tokens. Raises EngineError."""
    records = []
    for row in rows:
        record = RunRecord(0, source=row.path)
        record.add_all(trace.read(row.path).events)
        records.append(record)
    first, second = records
    return parting(first, second) if first.started is not None and second.started is not None else None


def compared_fields(rows: Sequence[RunRow], made_with: Sequence[Particulars]) -> tuple[ComparedField, ...]:
    """Figures first, then settings, machine and versions as far as the runs have any."""
    lines = [_line(name, [write(row) for row in rows]) for name, write in _FIGURES]
    for part in ("settings", "machine", "versions", "hashes"):
        lines += _lines([words.named(getattr(each, part)) for each in made_with])
    return tuple(line for line in lines if any(value != _NO_VALUE for value in line.values))


class ComparedPage(QWidget):
    """Shows up to six runs."""

    def __init__(self, library: RunLibrary, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library
        self._rows: tuple[RunRow, ...] = ()
        self.sentence = plain_label("", self, wraps=True)
        self.sentence.setAccessibleName(self.tr("How the runs differ"))
        self.table = FigureTable(0, 0, self, padding=theme.HALF)
        self.table.setAccessibleName(self.tr("Selected runs side by side"))
        offer_csv(self.table)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setWordWrap(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(self.sentence)
        column.addWidget(self.table, 1)
        self.say(self.tr("Select two or more runs to compare them."))

    def say(self, text: str) -> None:
        """Compare nothing, and say why."""
        self._rows = ()
        self.sentence.setText(text)
        self.table.hide()

    def compare(self, rows: tuple[RunRow, ...]) -> None:
        """Show these runs, at least two."""
        if rows == self._rows:
            return
        self._rows = rows
        self._show(compared_fields(rows, ()))
        self._library.read(
            lambda: tuple(read_particulars(row.path) for row in rows),
            lambda made_with: self._add_particulars(rows, made_with),
            topic="compared",
        )
        if len(rows) == 2 and all(row.kind == "run" for row in rows):
            self._library.read(
                lambda: read_divergence(rows), lambda answer: self._add_divergence(rows, answer), topic="divergence"
            )

    def _add_particulars(self, rows: tuple[RunRow, ...], made_with: tuple[Particulars, ...]) -> None:
        if rows == self._rows:
            self._show(compared_fields(rows, made_with))

    def _add_divergence(self, rows: tuple[RunRow, ...], divergence: Divergence | None) -> None:
        if divergence is not None and rows == self._rows:
            self.sentence.setText(f"{self._parting(divergence)} {self._n_differing()}".strip())

    def _show(self, fields: tuple[ComparedField, ...]) -> None:
        self._n_fields = sum(field.differs for field in fields)
        self.sentence.setText(self._n_differing())
        table = self.table
        table.setColumnCount(len(self._rows) + 1)
        titles = [one_line(words.title(row), longest=_LONGEST) for row in self._rows]
        table.setHorizontalHeaderLabels(["", *titles])
        table.setRowCount(len(fields))
        for number, field in enumerate(fields):
            mark = "≠ " if field.differs else "   "
            for column, text in enumerate((mark + field.name, *field.values)):
                item = QTableWidgetItem(one_line(text, longest=_LONGEST))
                if field.differs:
                    item.setFont(theme.scaled(table.font(), 1.0, bold=True))
                table.setItem(number, column, item)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        table.show()

    def _n_differing(self) -> str:
        if not self._n_fields:
            return self.tr("No figure and no setting differs.")
        return self.tr("Lines that differ are bold and marked ≠.")

    def _parting(self, divergence: Divergence) -> str:
        if not divergence.first and not divergence.second:
            return self.tr("The texts are the same: {0} with the prompt.").format(count(divergence.n_common, "token"))
        if not divergence.n_common:
            return self.tr("The texts share no token: the prompts differ.")
        return self.tr("The same prompt and {0}, then the first {1}, the second {2}.").format(
            count(divergence.n_common_new, "new token"),
            self._continuation(divergence.first),
            self._continuation(divergence.second),
        )

    def _continuation(self, text: str) -> str:
        if not text:
            return self.tr("ends")
        return self.tr("continues with {0}").format(f"“{visible(text, longest=_LONGEST_TEXT)}”")


def _lines(parts: Sequence[Fields]) -> list[ComparedField]:
    known = [dict(fields) for fields in parts]
    names = dict.fromkeys(name for fields in known for name in fields)
    return [_line(name, [fields.get(name, _NO_VALUE) for fields in known]) for name in names]


def _line(name: str, values: Sequence[str]) -> ComparedField:
    return ComparedField(name, tuple(value or _NO_VALUE for value in values), len(set(values)) > 1)


_FIGURES = (
    ("started", words.started),
    ("what", words.kind_in_full),
    ("target", lambda row: row.target),
    ("drafter", lambda row: row.drafter),
    ("state", words.state),
    ("tokens", words.n_tokens),
    ("acceptance rate α", lambda row: quantities.number(row.alpha)),
    ("tokens per round τ", lambda row: quantities.number(row.tau)),
    ("tokens/s", lambda row: quantities.number(row.tokens_per_s, 0)),
    ("speedup", words.speedup),
    ("tags", words.tags),
)
