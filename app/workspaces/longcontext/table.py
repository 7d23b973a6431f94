"""Panel with the table of lengths × drafters: sortable, selectable by keyboard, copied and exported as CSV."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.widgets import tables
from app.widgets.labels import plain_label
from app.workspaces.longcontext.state import LengthProgress
from app.workspaces.longcontext.table_model import DRAFTER, LengthsModel
from engine.events import Event
from engine.runs.summary import Summary

_PADDING = 3 * theme.GRID - 1
_NOTE_WIDTH = 10 * theme.GRID


class LengthTablePanel(Panel):
    """The current row is the combination that every panel shows."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[int, int] = (-1, -1)
        self._following = False
        self.model = LengthsModel(self)
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Lengths and drafters"))
        self.empty = plain_label(
            self.tr("Each drafter at each length becomes a row here, with plain decoding as the baseline."),
            self.table.viewport(), role="muted", wraps=True,
        )  # fmt: skip
        middle = QVBoxLayout(self.table.viewport())
        middle.setContentsMargins(2 * theme.GRID, 0, 2 * theme.GRID, 0)
        middle.addWidget(self.empty)
        self._set_up_table()
        offer_csv(self.table, store)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the rows, and make that of the chosen combination the current one."""
        progress = self.store.tab(LengthProgress)
        record = progress.record
        if self._drawn != (record.number, record.changes):
            self._drawn = (record.number, record.changes)
            n_rows = self.model.rowCount()
            self.model.show_record(record)
            self._fit_columns()
            if self.model.rowCount() != n_rows:
                QTimer.singleShot(0, self, self.table.scrollToTop)
        self.empty.setVisible(not self.model.rowCount())
        self._follow(None if progress.pick is None else self.model.row_of(progress.pick))

    def _follow(self, row: int | None) -> None:
        """Make a row the current one, which the user has not chosen by that."""
        if row is not None and row != self.table.currentIndex().row():
            self._following = True
            self.table.setCurrentIndex(self.model.index(row, max(0, self.table.currentIndex().column())))
            self._following = False

    def _on_row(self, current: QModelIndex) -> None:
        if current.isValid() and not self._following:
            self.store.tab(LengthProgress).choose(self.model.row_at(current.row()).pick)

    def _set_up_table(self) -> None:
        table = self.table
        tables.make_readable(table)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setToolTip(
            self.tr("Click or ↑ ↓ choose a row for all plots; a click on a title sorts; right-click copies.")
        )
        header = table.horizontalHeader()
        header.setMinimumSectionSize(1)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, header.sortIndicatorOrder())
        header.setStretchLastSection(True)
        table.setSortingEnabled(True)
        header.setSortIndicatorShown(False)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setMinimumSectionSize(1)
        table.selectionModel().currentRowChanged.connect(self._on_row)
        self._fit_columns()

    # Layout

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Fit the columns to the new width."""
        super().resizeEvent(event)
        self._fit_columns()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and hasattr(self, "model"):
            self._fit_columns()

    def _fit_columns(self) -> None:
        """Every column as wide as its cells; where there is no room, those that matter less go, then names are cut."""
        metrics = self.table.fontMetrics()
        self.table.verticalHeader().setDefaultSectionSize(metrics.height() + theme.GRID)
        widths = [self._width(place) for place in range(len(self.model.columns))]
        widths[-1] = _NOTE_WIDTH
        room, hidden = self.table.viewport().width(), set[int]()
        rare = [place for place, column in enumerate(self.model.columns) if column.rare]
        while rare and sum(width for place, width in enumerate(widths) if place not in hidden) > room:
            hidden.add(rare.pop())
        too_wide = sum(width for place, width in enumerate(widths) if place not in hidden) - room
        narrowest = min(widths[DRAFTER], _NOTE_WIDTH)
        if too_wide > widths[DRAFTER] - narrowest:  # the tooltip of every cell has the note, too
            hidden.add(len(widths) - 1)
            too_wide -= widths[-1]
        widths[DRAFTER] = max(narrowest, widths[DRAFTER] - max(0, too_wide))
        for place, width in enumerate(widths):
            self.table.setColumnHidden(place, place in hidden)
            self.table.setColumnWidth(place, width)

    def _width(self, place: int) -> int:
        column, metrics = self.model.columns[place], self.table.fontMetrics()
        is_sorted = self.table.horizontalHeader().sortIndicatorSection() == place
        cells = self.model.texts(place) if place == DRAFTER else []
        texts = (column.title + " ▼" * is_sorted, column.usual, *cells)
        return max(metrics.horizontalAdvance(text) for text in texts) + _PADDING
