"""Panel: tokens a second as they come, against plain decoding as it was measured in the same run."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app import theme
from app.curve import Curve, range_for
from app.plot_panel import PlotPanel, top_of, tr
from app.store import RunStore
from engine.events import Event, RoundFinished
from engine.summary import Summary


class SpeedPlot(PlotPanel):
    """Running tokens a second of decoding; a level line for plain decoding once it was measured."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Speed"),
            caption=tr("Without prefill; plain is measured after the text."),
            axis=tr("tokens/s"),
            bottom=tr("round"),
            keys=(("━", tr("this run"), "accent"), ("╍", tr("plain, median"), "muted")),
        )
        self._n_emitted, self._ms = 0, 0.0
        self.speed = Curve(self.plot)
        self.plain = pg.InfiniteLine(angle=0, movable=False)
        self.plain.setVisible(False)
        self.plot.addItem(self.plain)
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Start from an empty plot."""
        self._n_emitted, self._ms = 0, 0.0
        self.speed.clear()
        self.plain.setVisible(False)
        self.plot.setRange(xRange=(0, range_for(0)), yRange=(0, 100), padding=0)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append a point a round and place the level line."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        for event in rounds:
            self._n_emitted += len(event.emitted)
            self._ms += event.draft_ms + event.verify_ms + event.other_ms
            self.speed.append(event.round, 1e3 * self._n_emitted / max(self._ms, 1e-9))
        plain_ms = summary.baseline_ms_per_token
        self.plain.setVisible(bool(plain_ms))
        if plain_ms:
            self.plain.setValue(1e3 / plain_ms)
        if not rounds and not plain_ms:
            return
        self.speed.show()
        self.plot.setXRange(0, range_for(summary.n_rounds), padding=0)
        self.plot.setYRange(0, top_of([*self.speed.y[-200:]], least=10.0), padding=0)

    def paint_items(self, colours: theme.Colours) -> None:
        """Solid for the run, dashed for plain decoding."""
        self.speed.item.setPen(pg.mkPen(colours.accent, width=2))
        dashed = pg.mkPen(colours.muted, width=1.5, style=Qt.PenStyle.DashLine)
        self.plain.setPen(dashed)
