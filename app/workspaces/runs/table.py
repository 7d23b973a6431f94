"""The table of kept runs: keeps its selection by run while rows come, go and change places."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app import theme
from app.widgets.tables import make_readable
from app.workspaces.runs.library import RunLibrary
from app.workspaces.runs.table_model import FEWEST_CHARACTERS, TITLE_COLUMN, RunTableModel

_OPEN_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class RunTable(QTableView):
    """chosen: the selection changed. opened: the current run is to be shown."""

    chosen = Signal()
    opened = Signal()

    def __init__(self, library: RunLibrary, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library
        self._selected: tuple[str, ...] = ()
        self.rows = RunTableModel(library, self)
        self.setModel(self.rows)
        make_readable(self)
        self.setAccessibleName(self.tr("Kept runs"))
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.sectionClicked.connect(self._sort_by)
        self.fit_columns()
        self.selectionModel().selectionChanged.connect(self._on_selection)
        self.doubleClicked.connect(lambda _: self.opened.emit())

    @property
    def selected(self) -> tuple[str, ...]:
        """The ids of the selected runs, in the order of the rows."""
        return self._selected

    def draw(self) -> None:
        """Show what the library knows now; what was selected and is still there stays selected."""
        current = self.currentIndex()
        current_id = self.rows.id_at(current.row()) if current.isValid() else ""
        kept = self._selected
        if self.rows.draw():
            self._select(kept, current_id, max(0, current.row()))

    def select(self, ids: Sequence[str]) -> None:
        """Select these runs as far as they are listed."""
        self._select(ids, ids[0] if ids else "", 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Open the run with Enter; letters do not search, because the search box does."""
        if event.key() in _OPEN_KEYS and self.selected:
            self.opened.emit()
        elif event.text().strip() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.fit_columns()

    def fit_columns(self) -> None:
        """Give the columns the widths that their contents usually need."""
        metrics = self.fontMetrics()
        self.verticalHeader().setDefaultSectionSize(metrics.height() + theme.GRID)
        for number, column in enumerate(self.rows.columns):
            self.setColumnWidth(number, metrics.horizontalAdvance("0") * column.width + 2 * theme.GRID)
        self._fit_title()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Give the titles what the other columns leave."""
        super().resizeEvent(event)
        self._fit_title()

    def _fit_title(self) -> None:
        others = sum(self.columnWidth(i) for i in range(len(self.rows.columns)) if i != TITLE_COLUMN)
        least = self.fontMetrics().horizontalAdvance("0") * FEWEST_CHARACTERS
        self.setColumnWidth(TITLE_COLUMN, max(least, self.viewport().width() - others))

    def _sort_by(self, column: int) -> None:
        """Sort by a column; texts begin with A, figures and dates with the largest."""
        wanted, key = self._library.filter, self.rows.columns[column].key
        first_descending = self.rows.columns[column].is_figure or key == "started"
        descending = not wanted.descending if wanted.order == key else first_descending
        self.rows.sort(column, Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder)

    def _select(self, ids: Sequence[str], current_id: str, otherwise: int) -> None:
        places = self.rows.places()
        rows = sorted(places[run_id] for run_id in ids if run_id in places)
        if not rows and places and ids:
            # What was selected is gone: its neighbour takes its place, so that keys go on from there.
            rows = [min(otherwise, len(places) - 1)]
        selection = QItemSelection()
        last = len(self.rows.columns) - 1
        for first, end in _ranges(rows):
            selection.select(self.rows.index(first, 0), self.rows.index(end, last))
        if rows:
            current = self.rows.index(places.get(current_id, rows[0]), 0)
            self.selectionModel().setCurrentIndex(current, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._on_selection()

    def _on_selection(self) -> None:
        selection = self.selectionModel().selection()
        ranges = sorted((selection.at(i).top(), selection.at(i).bottom()) for i in range(selection.count()))
        rows = dict.fromkeys(row for top, bottom in ranges for row in range(top, bottom + 1))
        selected = tuple(self.rows.id_at(row) for row in rows)
        if selected != self._selected:
            self._selected = selected
            self.chosen.emit()


def _ranges(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Sorted numbers as ranges of neighbours."""
    ranges: list[tuple[int, int]] = []
    for row in rows:
        if ranges and ranges[-1][1] == row - 1:
            ranges[-1] = (ranges[-1][0], row)
        else:
            ranges.append((row, row))
    return ranges
