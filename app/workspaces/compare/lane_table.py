"""Panel with the table of lanes: sortable, selectable by keyboard, copied and exported as CSV."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer
from PySide6.QtGui import QAction, QFont, QFontMetrics, QGuiApplication, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots import export
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets import tables
from app.widgets.labels import ElasticLine, plain_label
from app.words import quantities
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.lane_columns import LANE, SPEEDUP
from app.workspaces.compare.lane_model import LanesModel
from app.workspaces.compare.whisker import WIDTH, WhiskerDelegate
from engine.events import Event
from engine.runs.summary import Summary

# Around the text of a cell: its padding, and the frame of the current cell.
_PADDING = 3 * theme.GRID - 1
_SORT_MARK = " ▾ "
_MOST_ROWS, _FEWEST_ROWS = 10, 4
# The table takes at most this share of the window's height, and columns that matter less need this width.
_SHARE = 0.3
_NAME_WIDTH, _REASON_WIDTH = (14 * theme.GRID, 30 * theme.GRID), 24 * theme.GRID


class LaneTablePanel(Panel):
    """The chosen lane is the one that the panels below show alone."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[int, int] = (-1, -1)
        self._following = False
        self.model = LanesModel(self)
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.whiskers = WhiskerDelegate(self.model, self)
        self.empty = plain_label(
            self.tr("Each drafter at each draft length becomes a row here, with plain decoding as the baseline."),
            self.table.viewport(), role="muted",
        )  # fmt: skip
        self.note = ElasticLine(self, role="muted")
        middle = QVBoxLayout(self.table.viewport())
        middle.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        middle.addWidget(self.empty)
        self._set_up_table()
        self._make_actions()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.table)
        column.addWidget(self.note)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the rows, and choose the row of the chosen lane."""
        comparing = self.store.tab(ComparingProgress)
        record = comparing.record
        if self._drawn != (record.number, record.changes):
            self._drawn = (record.number, record.changes)
            n_rows = self.model.rowCount()
            self.model.show_record(record)
            self.note.show_text(self._note_text())
            self._fit()
            if self.model.rowCount() != n_rows:
                QTimer.singleShot(0, self, self.table.scrollToTop)
        self.empty.setVisible(not self.model.rowCount())
        self._follow(self.model.row_of(comparing.lane))

    def _follow(self, row: int | None) -> None:
        """Make a row the current one, which the user has not chosen by that."""
        if row is not None and row != self.table.currentIndex().row():
            self._following = True
            self.table.setCurrentIndex(self.model.index(row, max(0, self.table.currentIndex().column())))
            self._following = False
            n_in_view = self.table.viewport().height() // max(1, self.table.verticalHeader().defaultSectionSize())
            if row < n_in_view:  # the baseline stays in view
                self.table.scrollToTop()

    def copy(self) -> None:
        """Copy the selected rows as CSV."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        self._copy_rows(rows)

    def copy_all(self) -> None:
        """Copy every row as CSV."""
        self._copy_rows(list(range(self.model.rowCount())))

    def sort_by_current(self) -> None:
        """Sort by the current column, the best first; a second call reverses the order."""
        header, column = self.table.horizontalHeader(), max(0, self.table.currentIndex().column())
        first = self.model.first_order(column)
        is_sorted = header.sortIndicatorSection() == column and header.sortIndicatorOrder() == first
        self.table.sortByColumn(column, _reversed(first) if is_sorted else first)

    def _copy_rows(self, rows: list[int]) -> None:
        if rows:
            QGuiApplication.clipboard().setText(export.as_csv(self.model.table(rows)).decode())
            copied = quantities.counted(
                len(rows), self.tr("{0} lane copied as CSV"), self.tr("{0} lanes copied as CSV")
            )
            self.store.tell(copied.format(len(rows)))

    def _note_text(self) -> str:
        """What the energy figures are, and what a narrow window leaves out."""
        measured = self.model.record.measured
        energy = "" if measured is None else one_line(measured.energy)
        return self.tr("Energy: {0}").format(energy) if energy else ""

    # Layout

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Fit the columns to the new width."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and hasattr(self, "whiskers"):
            self._fit()

    def fit_height(self, window_height: int) -> None:
        """Make the table as high as its rows, but only a share of the window; further rows scroll."""
        metrics = self.table.fontMetrics()
        row_height = metrics.height() + theme.GRID
        self.table.verticalHeader().setDefaultSectionSize(row_height)
        most = max(_FEWEST_ROWS, min(_MOST_ROWS, int(_SHARE * window_height / row_height)))
        n_rows = max(_FEWEST_ROWS, min(most, self.model.rowCount()))
        scroll_bar = self.table.horizontalScrollBar().sizeHint().height() if self._is_too_wide() else 0
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + n_rows * row_height + scroll_bar)

    def _is_too_wide(self) -> bool:
        return self.table.horizontalHeader().length() > self.table.viewport().width()

    def _fit(self) -> None:
        self._fit_columns()
        self.fit_height(self.window().height())

    def _fit_columns(self) -> None:
        """Every column as wide as its usual cells; columns that matter less go first where there is no room."""
        font = QFont(self.table.font())
        font.setBold(True)
        widths = [self._width(place, QFontMetrics(font)) for place in range(len(self.model.columns))]
        widths[LANE] = min(max(_NAME_WIDTH[0], widths[LANE]), _NAME_WIDTH[1])
        self.whiskers.text_width = widths[SPEEDUP]
        widths[SPEEDUP] += WIDTH
        last = len(widths) - 1
        widths[last] = _REASON_WIDTH
        hidden = self._left_out(widths)
        for column, width in enumerate(widths):
            self.table.setColumnHidden(column, column in hidden)
            if column != last:
                self.table.setColumnWidth(column, width)

    def _width(self, place: int, metrics: QFontMetrics) -> int:
        """The width of a column for its title and its cells, which may be bold."""
        column, cells = self.model.columns[place], self.model.texts(place)
        is_sorted = self.table.horizontalHeader().sortIndicatorSection() == place
        texts = {column.title + _SORT_MARK * is_sorted, *(cells or (column.widest,))}
        return max(map(metrics.horizontalAdvance, texts)) + _PADDING

    def _left_out(self, widths: list[int]) -> set[int]:
        """The columns to hide, from the right, so that the others fit."""
        rare = [place for place, column in enumerate(self.model.columns) if column.rare]
        excess, hidden = sum(widths) - self.table.viewport().width(), set[int]()
        while rare and excess > 0:
            place = rare.pop()
            hidden.add(place)
            excess -= widths[place]
        return hidden

    def _set_up_table(self) -> None:
        tables.make_readable(self.table)
        self.table.setAccessibleName(self.tr("Lanes"))
        self.table.setWordWrap(False)
        self.table.setSortingEnabled(True)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setItemDelegateForColumn(SPEEDUP, self.whiskers)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.table.horizontalHeader()
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorShown(True)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(1)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        header.sortIndicatorChanged.connect(self._fit_columns)

    def _on_row(self, current: QModelIndex) -> None:
        if current.isValid() and not self._following:
            self.store.tab(ComparingProgress).choose_lane(self.model.lane_at(current.row()))

    def _make_actions(self) -> None:
        for text, slot, keys in (
            (self.tr("Copy rows as CSV"), self.copy, QKeySequence(QKeySequence.StandardKey.Copy)),
            (self.tr("Copy all as CSV"), self.copy_all, QKeySequence("Ctrl+Shift+C")),
            (self.tr("Sort by this column"), self.sort_by_current, QKeySequence("Ctrl+T")),
        ):
            action = QAction(text, self.table)
            action.setShortcut(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(slot)
            self.table.addAction(action)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)


def _reversed(order: Qt.SortOrder) -> Qt.SortOrder:
    is_descending = order == Qt.SortOrder.DescendingOrder
    return Qt.SortOrder.AscendingOrder if is_descending else Qt.SortOrder.DescendingOrder
