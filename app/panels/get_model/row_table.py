"""A table whose rows are chosen whole: pairs, or cached models."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidgetItem, QWidget

from app import theme
from app.panels.get_model.words import Row
from app.text.plain_text import plain_tip
from app.widgets.tables import FigureTable

_WIDEST = 34 * theme.GRID


class RowTable(FigureTable):
    """Shows rows, the last cell coloured by what it says; `current_row` is the chosen one."""

    def __init__(self, heads: Sequence[str], name: str, parent: QWidget) -> None:
        super().__init__(0, len(heads), parent, padding=theme.GRID)
        self._rows: list[Row] = []
        self.setHorizontalHeaderLabels(list(heads))
        self.setAccessibleName(name)
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
        chosen = self.chosen
        self._rows = list(rows)
        self.setRowCount(len(rows))
        for i, row in enumerate(rows):
            tips = dict(row.tips)
            for j, cell in enumerate(row.cells):
                item = self._item(cell, row, is_last=j == len(row.cells) - 1)
                item.setToolTip(plain_tip(tips.get(j, cell)))
                self.setItem(i, j, item)
        self._fit_columns()
        if chosen is not None and chosen < len(rows):
            self.selectRow(chosen)

    def _item(self, cell: str, row: Row, *, is_last: bool) -> QTableWidgetItem:
        item = QTableWidgetItem(cell)
        if is_last:
            colours = theme.current()
            item.setForeground(QColor(colours.good if row.good else colours.muted))
        return item

    def _fit_columns(self) -> None:
        """Make columns as wide as they need; the last one takes what is left."""
        self.resizeColumnsToContents()
        for column in range(self.columnCount() - 1):
            self.setColumnWidth(column, min(_WIDEST, self.columnWidth(column) + theme.HALF))
