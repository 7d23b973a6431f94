"""Lays the plots out in as many columns as their room has place for."""

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from app import theme

_LEAST_WIDTH = 40  # characters


class PlotsGrid(QWidget):
    """Two columns where both are wide enough, else one."""

    def __init__(self, plots: Sequence[QWidget], parent: QWidget) -> None:
        super().__init__(parent)
        self._plots = tuple(plots)
        self._n_columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, theme.GRID)
        self._grid.setSpacing(0)
        self._arrange(1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Use the width there is."""
        super().resizeEvent(event)
        least = _LEAST_WIDTH * self.fontMetrics().averageCharWidth()
        self._arrange(2 if self.width() >= 2 * least else 1)

    def _arrange(self, n_columns: int) -> None:
        if n_columns == self._n_columns:
            return
        self._n_columns = n_columns
        for plot in self._plots:
            self._grid.removeWidget(plot)
        for place, plot in enumerate(self._plots):
            self._grid.addWidget(plot, *divmod(place, n_columns))
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < n_columns else 0)
        for row in range(len(self._plots)):
            self._grid.setRowStretch(row, 1 if row * n_columns < len(self._plots) else 0)
