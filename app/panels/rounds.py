"""Panel of the rounds: a sortable, filterable table whose current row is the selected round."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, Qt
from PySide6.QtGui import QAction, QFocusEvent, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.panel import Panel
from app.panels.rounds_model import DECISION, DEPTH, RoundsModel
from app.plots.table_export import offer_csv
from app.state.selection import Selection
from app.state.store import RunStore
from app.widgets import tables
from app.widgets.labels import SteadyLabel
from app.words.counts import count
from engine.events import Event, PolicyDecided, RoundFinished
from engine.runs.summary import Summary

_RUN_ORDER = -1
_TYPICAL_NUMBER = "00000"
_TYPICAL_DECISION = "γ 00 → 00, predicted 0.00 → 0.00"
_SORT_MARK = " ▼"
_PADDING = 2 * theme.GRID
# Share of the width left by the numbers that the rejected token gets, within bounds; the text gets the rest.
_REJECTED_SHARE, _REJECTED_MIN, _REJECTED_MAX = 0.35, 8 * theme.GRID, 16 * theme.GRID
_TEXT_MIN = 8 * theme.GRID


class RoundsPanel(Panel):
    """Appends rounds, and scrolls along while the last row is in view and nothing is selected."""

    every_ms = 100
    turn = 2

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.model = RoundsModel(self)
        self.table = _Table(self.model, self)
        self.table.setAccessibleName(self.tr("Rounds"))
        self.table.setToolTip(self.tr("Click or ↑ ↓ select a round; a click on a title sorts; right-click copies."))
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        self.only_rejections = QCheckBox(self.tr("Only rounds with a rejection"), self)
        self.only_rejections.setToolTip(self.tr("Hide the rounds in which every tested token was accepted."))
        self.only_rejections.toggled.connect(self._on_filter)
        self.count = SteadyLabel(self.tr("00,000 of 00,000 rounds"), self, role="muted")
        self.count.setAccessibleName(self.tr("Rounds shown"))
        self._make_actions()
        offer_csv(self.table, store)
        self._lay_out()
        self._update_count()

    def clear(self) -> None:
        """Remove all rows."""
        self.model.clear()
        self.table.show_depth(False)
        self.table.show_decisions(False)
        self._update_count()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append new rounds."""
        self.model.take_decisions([event for event in new if isinstance(event, PolicyDecided)])
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        if not rounds:
            return
        self.table.show_chances(self._is_sampled())
        self.table.show_depth(any(event.parents for event in rounds) or not self.table.isColumnHidden(DEPTH))
        self.table.show_decisions(self.model.has_decisions)
        bar = self.table.verticalScrollBar()
        at_end = bar.value() == bar.maximum()
        self.model.append(rounds)
        self._update_count()
        if at_end and self.store.selection is None:
            self.table.scrollToBottom()

    def mark(self, selection: Selection | None) -> None:
        """Make the row of the selected round the current one, if it is shown."""
        row = None if selection is None else self.model.row_of(selection.round)
        if row is None:
            self.table.clearSelection()
            self.table.setCurrentIndex(QModelIndex())
        elif self.table.currentIndex().row() != row:
            column = max(0, self.table.currentIndex().column())
            self.table.setCurrentIndex(self.model.index(row, column))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Fit the rows to the new height."""
        super().resizeEvent(event)
        self._fit_rows()

    def event(self, event: QEvent) -> bool:
        """Fit the rows after a new font has changed the height of the header and the line above the table."""
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit_rows()
        return handled

    def _fit_rows(self) -> None:
        """Make the table a whole number of rows high: else its top row would be cut when scrolled to the end."""
        height = self.height() - self.table.y() - self.table.horizontalHeader().height()
        self._column.setContentsMargins(0, 0, 0, max(0, self.table.fit_rows(height)))
        self._column.activate()

    def _is_sampled(self) -> bool:
        """Whether the run samples; greedy decoding accepts with a probability of 0 or 1."""
        started = self.store.started
        return started is None or bool(dict(started.settings).get("temperature"))

    def copy(self) -> None:
        """Copy the selected rows as tab-separated text for a spreadsheet."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        if rows:
            QGuiApplication.clipboard().setText(self.model.as_text(rows))

    def sort_by_current(self) -> None:
        """Sort by the current column; a second call reverses the order."""
        header, column = self.table.horizontalHeader(), max(0, self.table.currentIndex().column())
        is_sorted = header.sortIndicatorSection() == column
        descending = is_sorted and header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        self.table.sortByColumn(column, Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder)

    def own_order(self) -> None:
        """Restore the order of the run."""
        self.table.sortByColumn(_RUN_ORDER, Qt.SortOrder.AscendingOrder)

    def _on_row(self, current: QModelIndex) -> None:
        if not current.isValid():
            return
        number, selection = self.model.round_at(current.row()), self.store.selection
        if selection is None or selection.round != number:
            self.store.select(Selection(number, None))

    def _on_filter(self, only: bool) -> None:
        self.model.show_only_rejections(only)
        self._update_count()
        self.mark(self.store.selection)

    def _update_count(self) -> None:
        shown, n = self.model.rowCount(), self.model.n_rounds
        text = self.tr("{0:,} of {1}").format(shown, count(n, "round"))
        self.count.show_text(text if self.model.only_rejections else count(n, "round"))

    def _make_actions(self) -> None:
        for text, slot, keys in (
            (self.tr("Copy rows"), self.copy, QKeySequence(QKeySequence.StandardKey.Copy)),
            (self.tr("Sort by this column"), self.sort_by_current, QKeySequence("Ctrl+T")),
            (self.tr("Order of the run"), self.own_order, QKeySequence("Ctrl+Shift+0")),
        ):
            action = QAction(text, self.table)
            action.setShortcut(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(slot)
            self.table.addAction(action)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(2 * theme.GRID, 0, 2 * theme.GRID, theme.HALF)
        head.setSpacing(2 * theme.GRID)
        head.addWidget(self.only_rejections)
        head.addWidget(self.count)
        head.addStretch(1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addLayout(head)
        self._column.addWidget(self.table)


class _Table(QTableView):
    """Selects whole rows of equal height, without a grid; Home and End go to the first and last row."""

    def __init__(self, model: RoundsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self._columns = model.facts
        self._rejected_column, self._text_column = (
            column for column, spec in enumerate(model.facts) if spec.is_text and column != DECISION
        )
        self._accept_prob_column = len(model.facts) - 1
        tables.make_readable(self)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        # Scrolling by rows never cuts the top row.
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(1)
        header = self.horizontalHeader()
        # The third click on a header restores the order of the run.
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(_RUN_ORDER, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        header.setSortIndicatorShown(False)
        header.setMinimumSectionSize(1)
        header.sortIndicatorChanged.connect(self.fit_columns)
        self.setColumnHidden(DEPTH, True)
        self.setColumnHidden(DECISION, True)
        self.fit_columns()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Take the focus without selecting a row: Qt would select the first, and so its round in every panel."""
        if self.currentIndex().isValid():
            super().focusInEvent(event)
        else:
            QFrame.focusInEvent(self, event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.fit_columns()

    def show_chances(self, shown: bool) -> None:
        """Show or hide the acceptance probability."""
        if self.isColumnHidden(self._accept_prob_column) == shown:
            self.setColumnHidden(self._accept_prob_column, not shown)
            self._fit_text_columns()

    def show_depth(self, shown: bool) -> None:
        """Show or hide the depth of the drafts, which is that of trees."""
        if self.isColumnHidden(DEPTH) == shown:
            self.setColumnHidden(DEPTH, not shown)
            self._fit_text_columns()

    def show_decisions(self, shown: bool) -> None:
        """Show or hide what a policy decided."""
        if self.isColumnHidden(DECISION) == shown:
            self.setColumnHidden(DECISION, not shown)
            self._fit_text_columns()

    def fit_columns(self) -> None:
        """Make each number column as wide as its title or numbers, with space for the sort mark in the sorted one."""
        metrics, header = self.fontMetrics(), self.horizontalHeader()
        for column, spec in enumerate(self._columns):
            if spec.is_text and column != DECISION:
                continue
            title = spec.title + (_SORT_MARK if column == header.sortIndicatorSection() else "")
            typical = _TYPICAL_DECISION if column == DECISION else _TYPICAL_NUMBER
            width = max(metrics.horizontalAdvance(title), metrics.horizontalAdvance(typical))
            header.resizeSection(column, width + _PADDING)
        self._fit_text_columns()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Give the text columns the width that the number columns leave."""
        super().resizeEvent(event)
        self._fit_text_columns()

    def _fit_text_columns(self) -> None:
        header = self.horizontalHeader()
        text_width = header.sectionSize(self._rejected_column) + header.sectionSize(self._text_column)
        width = self.viewport().width() - (header.length() - text_width)
        rejected_width = max(_REJECTED_MIN, min(_REJECTED_MAX, int(_REJECTED_SHARE * width)))
        header.resizeSection(self._rejected_column, rejected_width)
        header.resizeSection(self._text_column, max(_TEXT_MIN, width - rejected_width))

    def fit_rows(self, height: int) -> int:
        """Set a row height of which a whole number fits into `height`. Returns the remaining pixels."""
        min_height = self.fontMetrics().height() + theme.HALF
        n = max(1, height // min_height)
        row_height = max(min_height, height // n)
        if row_height != self.verticalHeader().defaultSectionSize():
            self.verticalHeader().setDefaultSectionSize(row_height)
        return height - n * row_height

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Go to the first or last row on Home and End; Qt would go to the first or last column."""
        if event.key() not in (Qt.Key.Key_Home, Qt.Key.Key_End) or event.modifiers():
            super().keyPressEvent(event)
            return
        row = 0 if event.key() == Qt.Key.Key_Home else self.model().rowCount() - 1
        self.setCurrentIndex(self.model().index(row, max(0, self.currentIndex().column())))
