"""Plot of a gate's training: the loss on the rows that it learns from and on documents held out, by epoch."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import round_end
from app.plots.curve import Curve, range_for
from app.plots.export import Column, Table
from app.plots.panel import PlotPanel
from app.state.selection import Selection
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.workspaces.approximate.gate_record import HELD_OUT_LOSS, LOSS, GateRecord
from app.workspaces.approximate.gate_state import GateProgress
from app.workspaces.approximate.gate_words import tr
from engine.events import Event
from engine.runs.summary import Summary

_FEWEST_EPOCHS = 4
_LEAST_TOP = 0.1


class GateLossPlot(PlotPanel):
    """Two curves of the newest training. It has no rounds to select: mouse and keys read off the nearest epoch."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Loss"),
            caption=tr("Falling is good; held out rising again while the other falls: it learns these texts by heart."),
            axis=tr("nats a token"), bottom=tr("epoch"), empty=tr("The losses appear with the first epoch."),
            keys=(("━", tr("learnt from"), "accent"), ("╌", tr("held out"), "unverified")),
        )  # fmt: skip
        self.caption.show_text(
            self.caption.text(),
            tr("Falling is good; held out rising while the other falls: learnt by heart."),
            tr("Falling is good; held out rising: learnt by heart."), tr("Falling is good."),
        )  # fmt: skip
        self.tell_keys((
            tr("Binary cross-entropy on the rows that the gate learns from."),
            tr("The same on documents of which it saw nothing."),
        ))  # fmt: skip
        self.curves = {LOSS: Curve(self.plot), HELD_OUT_LOSS: Curve(self.plot)}
        self.widget.rounds.first = 0  # epochs are shown as they are counted, rounds from 1
        self._number = -1
        self.widget.setToolTip(tr("Point or ← → to read an epoch; right-click or Shift+F10 export."))
        self.recolour()
        self.draw((), Summary())

    @property
    def _record(self) -> GateRecord:
        return self.store.tab(GateProgress).record

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append the new epochs of the training; runs do not matter here."""
        record = self._record
        if record.number != self._number:
            self._number = record.number
            for curve in self.curves.values():
                curve.clear()
        for name, curve in self.curves.items():
            if points := record.losses[name][len(curve.x) :]:
                curve.extend([float(epoch) for epoch, _ in points], [value for _, value in points])
                curve.show()
        epochs = self._epochs
        planned = range_for(0) if record.started is None else record.started.epochs
        end = planned if record.live else int(epochs[-1]) if len(epochs) else range_for(0)
        highest = max((float(curve.y.max()) for curve in self.curves.values() if len(curve.y)), default=_LEAST_TOP)
        self.set_range(0.0, float(max(_FEWEST_EPOCHS, end)), round_end(max(_LEAST_TOP, 1.05 * highest)))
        self.say_empty(Summary(), empty=not len(epochs))

    @property
    def _epochs(self) -> np.ndarray:
        return self.curves[LOSS].x

    def mark(self, selection: Selection | None) -> None:
        """Do nothing: the axis is epochs, not rounds."""

    def reading(self, at: int) -> str | None:
        """Return both losses at the nearest epoch."""
        if not len(self._epochs):
            return None
        nearest = int(self._epochs[int(np.argmin(np.abs(self._epochs - at)))])
        own, held_out = (curve.at(nearest) for curve in self.curves.values())
        if own is None or held_out is None:
            return None
        return tr("epoch {0:,}: {1:.3f}, held out {2:.3f}").format(nearest, own, held_out)

    def table(self) -> Table:
        """Return the content of a CSV file of the plot."""
        started, n = self._record.started, min(len(curve.x) for curve in self.curves.values())
        notes = [self.title] + ([] if started is None else [one_line(started.target), one_line(started.drafter)])
        columns = [Column(tr("epoch"), self._epochs[:n].copy())]
        columns += [Column(name, curve.y[:n].copy()) for name, curve in self.curves.items()]
        return Table(tuple(notes), tuple(columns))

    def note(self) -> str:
        """Return what the gate is trained for, for an exported picture."""
        started = self._record.started
        return "" if started is None else one_line(f"{started.target} + {started.drafter}")

    def origin(self) -> str:
        """Return the id of the training."""
        starts = self._record.starts
        return starts[-1].work_id if starts else ""

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint the curves in their colours; that of the held-out documents is dashed."""
        self.curves[LOSS].item.setPen(pg.mkPen(colours.accent, width=2))
        self.curves[HELD_OUT_LOSS].item.setPen(pg.mkPen(colours.unverified, width=2, style=Qt.PenStyle.DashLine))

    def _select(self, number: int) -> None:
        """Read off an epoch; a negative number means the last."""
        if len(self._epochs):
            last = int(self._epochs[-1])
            self._pointed = last if number < 0 else max(1, min(number, last))
            self._read()

    def _on_stepped(self, by: int) -> None:
        if len(self._epochs):
            last = int(self._epochs[-1])
            self._select(max(1, min(last, (last if self._pointed is None else self._pointed) + by)))
