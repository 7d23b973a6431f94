"""What every plot is: axes with units, a legend, a caption that says what is good."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.labels import plain_label
from app.panel import Panel
from app.store import RunStore, Selection


def tr(text: str) -> str:
    """The translation of a plot's words; plots need them before they are objects."""
    return QCoreApplication.translate("plots", text)


class PlotPanel(Panel):
    """A plot over rounds. A subclass adds its items, feeds them in `draw` and colours them in `paint_items`.

    keys: the legend, (mark, words, name of the colour in the theme) for each line, shown beside the title."""

    every_ms = 100

    def __init__(
        self,
        store: RunStore,
        parent: QWidget | None = None,
        *,
        title: str,
        caption: str,
        axis: str,
        bottom: str,
        keys: tuple[tuple[str, str, str], ...],
    ) -> None:
        super().__init__(store, parent)
        self.widget = pg.PlotWidget(parent=self, enableMenu=False)
        self.plot: pg.PlotItem = self.widget.getPlotItem()
        self.plot.hideButtons()
        self.plot.setLabel("left", axis)
        self.plot.setLabel("bottom", bottom)
        self.plot.disableAutoRange()
        self.widget.setMouseEnabled(x=False, y=False)
        self.widget.setAccessibleName(title)
        self.widget.setAccessibleDescription(caption)
        # Room for the uppermost tick's figures, which would be cut at the edge.
        self.plot.layout.setContentsMargins(0, theme.GRID, theme.GRID, 0)
        self._keys = [(plain_label(f"{mark} {words}", self), colour) for mark, words, colour in keys]
        self._cursor_line = pg.InfiniteLine(angle=90, movable=False)
        self._cursor_line.setVisible(False)
        self.plot.addItem(self._cursor_line)
        self._lay_out(title, caption)
        self.setMinimumHeight(21 * theme.GRID)

    def mark(self, selection: Selection | None) -> None:
        """Put the cursor on the selected round."""
        self._cursor_line.setVisible(selection is not None)
        if selection is not None:
            self._cursor_line.setValue(selection.round)

    def paint_items(self, colours: theme.Colours) -> None:
        """Colour the items of the plot."""

    def recolour(self) -> None:
        """Take up the colours of the palette in use."""
        chosen = theme.current()
        self.widget.setBackground(QColor(chosen.window))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(chosen.line))
            axis.setTextPen(pg.mkPen(chosen.muted))
        for label, name in self._keys:
            label.setStyleSheet(f"color: {getattr(chosen, name)}")
        self._cursor_line.setPen(pg.mkPen(chosen.accent, width=1, style=Qt.PenStyle.DashLine))
        self.paint_items(chosen)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.recolour()

    def _lay_out(self, title: str, caption: str) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(plain_label(title, self, role="title"))
        head.addStretch(1)
        for label, _ in self._keys:
            head.addWidget(label)
        column.addLayout(head)
        column.addWidget(self.widget, 1)
        column.addWidget(plain_label(caption, self, role="muted", wraps=True))


def top_of(values: Sequence[float], *, least: float) -> float:
    """An upper end of a y-axis that moves in steps: a tenth above the largest value, rounded up to two digits."""
    largest = max([least, *values])
    step = 10.0 ** (len(str(int(largest))) - 1) / 2
    return step * (1 + int(1.05 * largest / step))
