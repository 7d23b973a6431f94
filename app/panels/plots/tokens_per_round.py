"""Panel: tokens per round as measured, against the value that alpha predicts."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app import theme
from app.curve import Curve, range_for
from app.plot_panel import PlotPanel, tr
from app.store import RunStore
from engine.events import Event, RoundFinished
from engine.speed_model import expected_tokens
from engine.summary import Summary, fold


class TokensPerRoundPlot(PlotPanel):
    """Running tau, and the value that the running alpha predicts at the run's gamma."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Tokens per round"),
            caption=tr("Per target forward; plain is 1. The lines should meet."),
            axis="τ",
            bottom=tr("round"),
            keys=(("━", tr("measured"), "accent"), ("╍", tr("from α"), "text")),
        )
        self._so_far = Summary()
        self.measured = Curve(self.plot)
        # On top, since the two nearly coincide where the model of the paper holds.
        self.predicted = Curve(self.plot)
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Start from an empty plot."""
        self._so_far = Summary()
        self.measured.clear()
        self.predicted.clear()
        self.plot.setRange(xRange=(0, range_for(0)), yRange=(0, 5), padding=0)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append a point of each line a round."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        if not rounds:
            return
        for event in rounds:
            self._so_far = fold(self._so_far, event)
            self.measured.append(event.round, self._so_far.tau or 0.0)
            if self._so_far.alpha is not None:
                self.predicted.append(event.round, expected_tokens(self._so_far.alpha, summary.gamma))
        self.measured.show()
        self.predicted.show()
        self.plot.setXRange(0, range_for(summary.n_rounds), padding=0)
        self.plot.setYRange(0, max(2, summary.gamma + 1), padding=0.02)

    def paint_items(self, colours: theme.Colours) -> None:
        """Measured solid, predicted dashed."""
        self.measured.item.setPen(pg.mkPen(colours.accent, width=2))
        self.predicted.item.setPen(pg.mkPen(colours.text, width=1.5, style=Qt.PenStyle.DashLine))
