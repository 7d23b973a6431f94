"""The table of kept runs: keeps its selection by run while rows come, go and change places."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from app import theme
from app.widgets.tables import make_readable
from app.workspaces.runs.library import RunLibrary
from app.workspaces.runs.table_model import (
    COMFORTABLE_CHARACTERS,
    FEWEST_CHARACTERS,
    TITLE_COLUMN,
    RunColumn,
    RunTableModel,
)

_OPEN_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class RunTable(QTableView):
    """chosen: the selection changed. opened: the current run is to be shown."""

    chosen = Signal()
    opened = Signal()

    def __init__(self, library: RunLibrary, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library
        self._selected: tuple[str, ...] = ()
        # The columns that the user shows, by title; None: as many as fit.
        self.chosen_columns: tuple[str, ...] | None = None
        self.rows = RunTableModel(library, self)
        self.setModel(self.rows)
        make_readable(self)
        self.setAccessibleName(self.tr("Kept runs"))
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.sectionClicked.connect(self._sort_by)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._show_column_menu)
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
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + theme.GRID)
        for number, column in enumerate(self.rows.columns):
            self.setColumnWidth(number, self._width(column))
        self._fit_title()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Give the titles what the other columns leave."""
        super().resizeEvent(event)
        self._fit_title()

    def _fit_title(self) -> None:
        self._hide_columns()
        numbers = range(len(self.rows.columns))
        others = sum(self.columnWidth(i) for i in numbers if i != TITLE_COLUMN and not self.isColumnHidden(i))
        least = self.fontMetrics().horizontalAdvance("0") * FEWEST_CHARACTERS
        self.setColumnWidth(TITLE_COLUMN, max(least, self.viewport().width() - others))

    def choose_columns(self, titles: Sequence[str] | None) -> None:
        """Show these columns besides those that always are there; None: as many as fit."""
        self.chosen_columns = None if titles is None else tuple(titles)
        self._fit_title()

    def column_menu(self) -> QMenu:
        """The columns that can be hidden, each a switch, and the way back to as many as fit."""
        menu = QMenu(self)
        for number, column in enumerate(self.rows.columns):
            if column.rank:
                action = menu.addAction(column.title)
                action.setToolTip(column.meaning)
                action.setCheckable(True)
                action.setChecked(not self.isColumnHidden(number))
                action.toggled.connect(lambda shown, title=column.title: self._toggle_column(title, shown=shown))
        menu.addSeparator()
        menu.addAction(self.tr("As many as fit")).triggered.connect(lambda _checked=False: self.choose_columns(None))
        menu.setToolTipsVisible(True)
        return menu

    def _toggle_column(self, title: str, *, shown: bool) -> None:
        visible = [c.title for i, c in enumerate(self.rows.columns) if c.rank and not self.isColumnHidden(i)]
        self.choose_columns([*visible, title] if shown else [other for other in visible if other != title])

    def _show_column_menu(self, at: QPoint) -> None:
        menu = self.column_menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.horizontalHeader().mapToGlobal(at))

    def _hide_columns(self) -> None:
        """Show the chosen columns, or of those that can be hidden as many as fit, by their rank."""
        columns = self.rows.columns
        least = self.fontMetrics().horizontalAdvance("0") * COMFORTABLE_CHARACTERS
        widths = [least if i == TITLE_COLUMN else self._width(column) for i, column in enumerate(columns)]
        left = self.viewport().width() - sum(w for w, column in zip(widths, columns, strict=True) if not column.rank)
        fits = True
        for number in sorted(range(len(columns)), key=lambda i: columns[i].rank):
            column = columns[number]
            if column.rank:
                fits = fits and widths[number] <= left
                left -= widths[number] if fits else 0
                chosen = fits if self.chosen_columns is None else column.title in self.chosen_columns
                self.setColumnHidden(number, not chosen)

    def _width(self, column: RunColumn) -> int:
        """What its contents usually need, and its heading always; the mark of the sorting stands beside few of them."""
        heading = self.horizontalHeader().fontMetrics().horizontalAdvance(column.title)
        return max(self.fontMetrics().horizontalAdvance("0") * column.width, heading) + 2 * theme.GRID

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
        ids, after = list[str](), 0
        for top, bottom in ranges:  # slices: of 10,000 runs one by one this would take milliseconds
            ids += self.rows.ids_between(max(top, after), bottom)
            after = max(after, bottom + 1)
        selected = tuple(ids)
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
