"""Panel: where the time of each round goes, stacked."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app import theme
from app.curve import Curve, range_for
from app.plot_panel import PlotPanel, top_of, tr
from app.store import RunStore
from engine.events import Event, RoundFinished
from engine.summary import Summary


class LatencyPlot(PlotPanel):
    """Drafting at the bottom, verification on it, the rest on top; the uppermost line is the whole round."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Time per round"),
            caption=tr("Stacked; little drafting beside verifying is good."),
            axis="ms",
            bottom=tr("round"),
            keys=(("■", tr("draft"), "rejected"), ("■", tr("verify"), "bar_p"), ("■", tr("other"), "muted")),
        )
        self.whole = Curve(self.plot, fillLevel=0)
        self.verified = Curve(self.plot, fillLevel=0)
        self.drafted = Curve(self.plot, fillLevel=0)
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Start from an empty plot."""
        for curve in (self.whole, self.verified, self.drafted):
            curve.clear()
        self.plot.setRange(xRange=(0, range_for(0)), yRange=(0, 10), padding=0)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append the three sums of each round."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        if not rounds:
            return
        for event in rounds:
            upper = event.draft_ms + event.verify_ms
            self.drafted.append(event.round, event.draft_ms)
            self.verified.append(event.round, upper)
            self.whole.append(event.round, upper + event.other_ms)
        for curve in (self.whole, self.verified, self.drafted):
            curve.show()
        self.plot.setXRange(0, range_for(summary.n_rounds), padding=0)
        # One slow round, such as the first, must not flatten all others.
        self.plot.setYRange(0, top_of([1.2 * float(np.percentile(self.whole.y, 98))], least=1.0), padding=0)

    def paint_items(self, colours: theme.Colours) -> None:
        """Opaque fills, since each covers the one below it."""
        for curve, colour in (
            (self.whole, colours.muted),
            (self.verified, colours.bar_p),
            (self.drafted, colours.rejected),
        ):
            curve.item.setPen(pg.mkPen(colour, width=1))
            curve.item.setFillBrush(QColor(colour))
