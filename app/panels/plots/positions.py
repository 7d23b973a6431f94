"""Panel: how often a token is accepted at each place of the draft."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app import theme
from app.plot_panel import PlotPanel, tr
from app.store import RunStore
from engine.events import Event
from engine.summary import Summary


class PositionsPlot(PlotPanel):
    """A bar a position: accepted over tested there. Tokens after a rejection were not tested and do not count."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Acceptance by position"),
            caption=tr("Accepted ÷ tested at each place; level bars are good."),
            axis=tr("share"),
            bottom=tr("position in the draft"),
            keys=(),
        )
        self.bars = pg.BarGraphItem(x=[], height=[], width=0.7)
        self.plot.addItem(self.bars)
        self.heights: tuple[float, ...] = ()
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Start from an empty plot."""
        self._show(())
        self.plot.setRange(xRange=(0.4, 4.6), yRange=(0, 1), padding=0)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Set the bars; there are as many as a draft is long."""
        tested = [position for position in summary.positions if position.n_tested]
        self._show(tuple(position.n_accepted / position.n_tested for position in tested))

    def mark(self, selection: object) -> None:
        """Positions are not rounds: there is nothing to mark."""

    def paint_items(self, colours: theme.Colours) -> None:
        """The colour of accepted tokens."""
        self.bars.setOpts(brush=QColor(colours.accepted), pen=pg.mkPen(colours.window))

    def _show(self, heights: tuple[float, ...]) -> None:
        if heights == self.heights:
            return
        self.heights = heights
        places = range(1, len(heights) + 1)
        self.bars.setOpts(x=list(places), height=list(heights), width=0.7)
        self.plot.getAxis("bottom").setTicks([[(place, str(place)) for place in places]])
        self.plot.setXRange(0.4, max(4, len(heights)) + 0.6, padding=0)
