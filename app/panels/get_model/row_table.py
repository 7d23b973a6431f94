"""A table whose rows are chosen whole: pairs, or cached models."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidgetItem, QWidget

from app import theme
from app.panels.get_model.words import Row
from app.plots.table_export import offer_csv
from app.text.plain_text import plain_tip
from app.widgets.tables import FigureTable

_WIDEST = 34 * theme.GRID


class RowTable(FigureTable):
    """Shows rows, in each the cell that says whether it is good coloured; `chosen` is the number of the chosen one."""

    def __init__(self, heads: Sequence[str], name: str, parent: QWidget) -> None:
        super().__init__(0, len(heads), parent, padding=theme.GRID)
        self._rows: list[Row] = []
        self.setHorizontalHeaderLabels(list(heads))
        self.setAccessibleName(name)
        offer_csv(self)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)

    @property
    def chosen(self) -> int | None:
        """The number of the chosen row."""
        rows = self.selectionModel().selectedRows()
        return rows[0].row() if rows else None

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; the chosen one stays chosen where it still is there."""
        if list(rows) == self._rows:
            return
        key = None if self.chosen is None else self._rows[self.chosen].key
        self._rows = list(rows)
        self.clearSelection()  # which Qt would move to another row than the one that was chosen
        self.setRowCount(len(rows))
        for i, row in enumerate(rows):
            self._fill(i, row)
        self._fit_columns()
        if (again := next((i for i, row in enumerate(rows) if row.key == key), None)) is not None:
            self.selectRow(again)

    def _fill(self, i: int, row: Row) -> None:
        tips = dict(row.tips)
        for j, cell in enumerate(row.cells):
            item = self._item(cell, row, is_mark=j == row.mark)
            item.setToolTip(plain_tip(tips.get(j, cell)))
            self.setItem(i, j, item)

    def _item(self, cell: str, row: Row, *, is_mark: bool) -> QTableWidgetItem:
        item = QTableWidgetItem(cell)
        if is_mark:
            colours = theme.current()
            item.setForeground(QColor(colours.good if row.good else colours.muted))
        return item

    def _fit_columns(self) -> None:
        """Make columns as wide as they need; the last one takes what is left."""
        self.resizeColumnsToContents()
        for column in range(self.columnCount() - 1):
            self.setColumnWidth(column, min(_WIDEST, self.columnWidth(column) + theme.HALF))
