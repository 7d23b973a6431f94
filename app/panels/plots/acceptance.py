"""Panel: the acceptance rate as it settles over the rounds, with its 95 % interval."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app import theme
from app.curve import Curve, range_for
from app.plot_panel import PlotPanel, tr
from app.store import RunStore
from engine.events import Event, RoundFinished
from engine.summary import Summary, fold

_INTERVALS_A_DRAWING = 4


class AcceptancePlot(PlotPanel):
    """Running alpha, and the interval at each time the plot was drawn."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Acceptance rate"),
            caption=tr("Accepted ÷ tested; high and narrow is good."),
            axis="α",
            bottom=tr("round"),
            keys=(("━", tr("α"), "accepted"), ("▒", tr("95 %"), "accepted")),
        )
        self._so_far = Summary()
        self._low = Curve(self.plot)
        self._high = Curve(self.plot)
        self._band = pg.FillBetweenItem(self._low.item, self._high.item)
        self.plot.addItem(self._band)
        self.alpha = Curve(self.plot)
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Start from an empty plot."""
        self._so_far = Summary()
        for curve in (self.alpha, self._low, self._high):
            curve.clear()
        self.plot.setRange(xRange=(0, range_for(0)), yRange=(0, 1), padding=0)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append a point a round, and a few intervals a drawing: each costs a bootstrap."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        if not rounds:
            return
        every = -(-len(rounds) // _INTERVALS_A_DRAWING)
        for number, event in enumerate(rounds, 1):
            self._so_far = fold(self._so_far, event)
            if self._so_far.alpha is not None:
                self.alpha.append(event.round, self._so_far.alpha)
            if number % every == 0 or number == len(rounds):
                self._add_interval(event.round)
        for curve in (self.alpha, self._low, self._high):
            curve.show()
        self.plot.setXRange(0, range_for(summary.n_rounds), padding=0)

    def _add_interval(self, at: int) -> None:
        interval = self._so_far.alpha_ci
        if interval is not None:
            self._low.append(at, interval.low)
            self._high.append(at, interval.high)

    def paint_items(self, colours: theme.Colours) -> None:
        """The line in the colour of accepted tokens, the band a tint of it."""
        tint = QColor(colours.accepted)
        tint.setAlphaF(0.18)
        self._band.setBrush(tint)
        self.alpha.item.setPen(pg.mkPen(colours.accepted, width=2))
        for curve in (self._low, self._high):
            curve.item.setPen(pg.mkPen(tint))
