"""Read-only tables without a grid, with rows as high as the font needs."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTableView, QTableWidget, QWidget

from app import theme


def make_readable(table: QTableView) -> None:
    """Set what all tables share: figures of equal width, no grid or row numbers, no editing, Tab leaves the table."""
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setFont(theme.tabular(table.font()))
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.verticalHeader().hide()
    table.horizontalHeader().setHighlightSections(False)


class FigureTable(QTableWidget):
    """A table of few rows. padding: pixels by which a row is higher than its text."""

    def __init__(self, n_rows: int, n_columns: int, parent: QWidget, *, padding: int) -> None:
        super().__init__(n_rows, n_columns, parent)
        self._padding = padding
        make_readable(self)
        self._fit_rows()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_rows()

    def _fit_rows(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + self._padding)
