"""Table model of the kept runs: rows are fetched when they are looked at, the order is the index's."""

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from app.text.plain_text import one_line, plain_tip
from app.widgets.tables import alignment, head_cell, sort_mark
from app.words import quantities
from app.workspaces.runs import words
from app.workspaces.runs.library import RunLibrary
from engine.store.rows import RunRow, SortKey

_NO_PARENT = QModelIndex()
_LONGEST = 120
# The column of titles takes the width there is, at least this.
TITLE_COLUMN, FEWEST_CHARACTERS = 2, 24
# With less, a title says too little, and columns of a lower rank give it their place.
COMFORTABLE_CHARACTERS = 38


class RunColumn(NamedTuple):
    """A column: title, meaning, text of a cell, sort key of the index, width in characters. tip: the text in full.

    rank: columns of a higher rank are hidden first where the table is narrow; those of rank 0 never."""

    title: str
    meaning: str
    write: Callable[[RunRow], str]
    key: SortKey | None
    width: int
    tip: Callable[[RunRow], str] | None = None
    is_figure: bool = False
    rank: int = 0


class RunTableModel(QAbstractTableModel):
    """Rows are ids; `draw` takes over what the library knows."""

    def __init__(self, library: RunLibrary, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library
        self._ids: tuple[str, ...] = ()
        self._rows_number = -1
        self.columns = self._name_columns() + self._figure_columns()

    def draw(self) -> bool:
        """Take over new ids or rows. Returns whether the ids are others, and with them the selection is gone."""
        library = self._library
        ids = library.ids or ()
        if ids != self._ids:
            self.beginResetModel()
            self._ids = ids
            self.endResetModel()
            self._rows_number = library.rows_number
            return True
        if self._rows_number != library.rows_number and self._ids:
            self._rows_number = library.rows_number
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._ids) - 1, len(self.columns) - 1))
        return False

    def id_at(self, row: int) -> str:
        """The id of the run in a row."""
        return self._ids[row]

    def ids_between(self, first: int, last: int) -> tuple[str, ...]:
        """The ids of the runs in these rows, the last one included."""
        return self._ids[first : last + 1]

    def places(self) -> dict[str, int]:
        """The row of each run."""
        return {run_id: row for row, run_id in enumerate(self._ids)}

    # Qt

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:  # noqa: N802 (Qt's name)
        """Number of runs."""
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:  # noqa: N802 (Qt's name)
        """Number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The text and alignment of a cell; its tooltip has the full text or the meaning of a figure."""
        column = self.columns[index.column()]
        match role:
            case Qt.ItemDataRole.TextAlignmentRole:
                return alignment(is_text=not column.is_figure)
            case Qt.ItemDataRole.DisplayRole:
                row = self._library.row_at(index.row())
                return "…" if row is None and index.column() == 0 else "" if row is None else self._text(column, row)
            case Qt.ItemDataRole.ToolTipRole:
                row = self._library.row_at(index.row())
                return "" if row is None else self._tip(column, row)
            case _:
                return None

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Titles, and their meanings as tooltips."""
        if orientation == Qt.Orientation.Vertical:
            return None
        column = self.columns[section]
        meaning = column.meaning + (self.tr(" Click to sort.") if column.key else "")
        return head_cell(role, column.title + self._sort_mark(column), meaning, is_text=not column.is_figure)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Have the index sort the runs by a column."""
        key = self.columns[column].key if 0 <= column < len(self.columns) else None
        if key is not None:
            descending = order == Qt.SortOrder.DescendingOrder
            self._library.set_filter(self._library.filter._replace(order=key, descending=descending))
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def _sort_mark(self, column: RunColumn) -> str:
        wanted = self._library.filter
        is_sorted = column.key is not None and column.key == wanted.order
        return sort_mark(descending=wanted.descending) if is_sorted else ""

    def _text(self, column: RunColumn, row: RunRow) -> str:
        return column.write(row) if column.is_figure else one_line(column.write(row), longest=_LONGEST)

    def _tip(self, column: RunColumn, row: RunRow) -> str:
        if column.is_figure:
            return column.meaning
        return plain_tip(one_line((column.tip or column.write)(row), longest=_LONGEST * 8))

    # The columns

    def _name_columns(self) -> tuple[RunColumn, ...]:
        tr = self.tr
        return (
            RunColumn(
                tr("started"), tr("When it began, in local time."), words.started_short, "started", 11, words.started
            ),
            RunColumn(tr("kind"), tr("What it is."), words.kind_and_method, "kind", 11, words.kind_in_full),
            RunColumn(
                tr("title or name"),
                tr("The title you gave, or drafters, draft lengths γ and the beginning of the prompt."), words.title,
                "title_or_prompt", FEWEST_CHARACTERS, words.tip,
            ),
            RunColumn(tr("target"), tr("The model whose distribution is preserved."), words.target, "target", 9,
                      lambda row: row.target, rank=5),
            RunColumn(tr("drafter"), tr("What proposed the tokens."), words.drafter, "drafter", 12,
                      lambda row: row.drafter, rank=2),
        )  # fmt: skip

    def _figure_columns(self) -> tuple[RunColumn, ...]:
        tr, number = self.tr, quantities.number
        return (
            _figure(tr("tokens"), tr("Tokens of the text, prompt not counted."), words.n_tokens, "tokens", 7, 4),
            _figure(tr("acceptance α"), tr("Accepted ÷ tested."), lambda r: number(r.alpha), "alpha", 10, 1),
            _figure(tr("tokens/round τ"), tr("Correction or bonus included."), lambda r: number(r.tau), "tau", 11, 3),
            _figure(
                tr("speedup"), tr("Over plain decoding, measured in the same run."),
                lambda r: quantities.times(r.speedup), "speedup", 8,
            ),
            RunColumn(
                tr("95 % or range"),
                tr("[95 % interval] of the speedup, or below ten prompts or repeats its smallest and largest value."),
                words.spread, None, 12, words.spread_in_full,
            ),
            RunColumn(tr("state"), tr("How it ended."), words.state, "state", 9),
            RunColumn(tr("tags"), tr("Your tags."), words.tags, None, 10, rank=7),
            _figure(tr("rated"), tr("How often its texts were rated blind; the verdicts are in its details."),
                    words.rated, "n_rated", 6, 6),
        )  # fmt: skip


def _figure(
    title: str, meaning: str, write: Callable[[RunRow], str], key: SortKey, width: int, rank: int = 0
) -> RunColumn:
    return RunColumn(title, meaning, write, key, width, is_figure=True, rank=rank)
