"""Plot of the measured speedup of each lane against the predicted one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import round_step
from app.plots.export import Column, Table
from app.plots.panel import PlotPanel, tr
from app.state.selection import Selection
from app.state.store import RunStore
from app.widgets.lane_marks import LaneMark
from app.workspaces.compare import words
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.lane_model import csv_notes
from app.workspaces.compare.lane_plot import plot_note, plot_origin
from app.workspaces.compare.record import ComparisonRecord
from engine.events import PLAIN_LANE, Event
from engine.runs.summary import Summary
from engine.statistics import Interval, RatioEstimate

_SIZE = 11
# The rest of the axis is for its label.
_ROOM_FOR_TICKS = 0.65
_HIGHEST = 1e6


class PredictedPoint(NamedTuple):
    """A lane by its predicted and its measured speedup."""

    lane: str
    mark: LaneMark
    predicted: float
    measured: RatioEstimate

    @property
    def reach(self) -> Interval:
        """The interval or range of the measured speedup."""
        return self.measured.ci or self.measured.range or Interval(self.measured.value, self.measured.value)


class PredictedPlot(PlotPanel):
    """On the line a lane is as fast as predicted; below it, something costs time that the model does not know."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Measured against predicted"),
            caption=tr("On the dashed line: as predicted."),
            axis=tr("measured ×"), bottom=tr("predicted ×"),
            empty=tr("Each lane is a point here: the speedup predicted from τ and step times, and the measured one."),
        )  # fmt: skip
        self._drawn: tuple[int, int] = (-1, -1)
        self.points: tuple[PredictedPoint, ...] = ()
        self.diagonal = pg.PlotCurveItem(skipFiniteCheck=True)
        self.even = pg.InfiniteLine(1.0, angle=0, movable=False)
        self.bars = pg.ErrorBarItem()
        self.scatter = pg.ScatterPlotItem(size=_SIZE)
        for item in (self.even, self.diagonal, self.bars, self.scatter):
            self.plot.addItem(item)
        self.widget.rounds.first = 0
        self.widget.setToolTip(tr("Point or ← → to read a lane; right-click or Shift+F10 export."))
        self.recolour()
        self._show(())

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the figures have changed."""
        record = self.store.tab(ComparingProgress).record
        if self._drawn != (record.number, record.changes):
            self._drawn = (record.number, record.changes)
            self._show(predicted_points(record))

    def _show(self, points: tuple[PredictedPoint, ...]) -> None:
        self.points = points
        ends = [end for point in points for end in (point.predicted, point.reach.high)]
        top = max([1.2, *(min(_HIGHEST, 1.08 * end) for end in ends)])
        step = round_step(top / 4)
        top = step * np.ceil(top / step)
        ticks = [(at, f"{at:g}") for at in np.arange(0.0, top + step / 2, step)]
        self.plot.getAxis("bottom").setTicks([[tick for tick in ticks if tick[0] <= _ROOM_FOR_TICKS * top]])
        self.set_range(0.0, top, top)
        self.diagonal.setData(np.array([0.0, top]), np.array([0.0, top]))
        for item in (self.diagonal, self.even):
            item.setVisible(bool(points))
        self._show_points()
        self.say_empty(Summary(), empty=not points)
        self._on_left()

    def _show_points(self) -> None:
        x = np.array([point.predicted for point in self.points], dtype=np.float64)
        y = np.array([point.measured.value for point in self.points], dtype=np.float64)
        self.scatter.setData(
            x, y, symbol=[point.mark.symbol for point in self.points],
            brush=[pg.mkBrush(point.mark.colour) for point in self.points], pen=pg.mkPen(None),
        )  # fmt: skip
        self.bars.setVisible(bool(self.points))
        if self.points:
            self.bars.setData(
                x=x, y=y, beam=0.0, top=np.array([point.reach.high for point in self.points]) - y,
                bottom=y - np.array([point.reach.low for point in self.points]),
            )  # fmt: skip

    def mark(self, selection: Selection | None) -> None:
        """Mark nothing: the axis is a speedup, not rounds."""

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint the lines in the colours of the palette, and the lanes in their own."""
        self.even.setPen(pg.mkPen(colours.muted, style=Qt.PenStyle.DotLine))
        self.diagonal.setPen(pg.mkPen(colours.muted, style=Qt.PenStyle.DashLine))
        self.bars.setData(pen=pg.mkPen(colours.muted, width=1))
        self._show_points()

    def reading(self, at: int) -> str | None:
        """Return the figures of a lane by its number."""
        if not 0 <= at < len(self.points):
            return None
        point = self.points[at]
        text = tr("{0} {1}: predicted {2:.2f}, measured {3}")
        return text.format(point.mark.glyph, words.lane_name(point.lane), point.predicted, words.ratio(point.measured))

    def columns(self) -> tuple[Column, ...]:
        """Return every lane with both speedups."""
        return (
            Column("lane", np.array([point.lane for point in self.points], dtype=object)),
            Column("predicted", np.array([point.predicted for point in self.points], dtype=np.float64)),
            Column("measured", np.array([point.measured.value for point in self.points], dtype=np.float64)),
            Column("measured, low", np.array([point.reach.low for point in self.points], dtype=np.float64)),
            Column("measured, high", np.array([point.reach.high for point in self.points], dtype=np.float64)),
        )

    def table(self) -> Table:
        """Return the content of a CSV file of the plot."""
        notes = csv_notes(self.store.tab(ComparingProgress).record)
        return Table((f"draftscope: {self.title}", *notes[1:]), self.columns())

    def note(self) -> str:
        """Return which mark is which lane."""
        return plot_note(self.store.tab(ComparingProgress).record)

    def origin(self) -> str:
        """Return the id of the comparison."""
        return plot_origin(self.store.tab(ComparingProgress).record)

    def _on_pointed(self, place: float) -> None:
        if self.points:
            nearest = min(range(len(self.points)), key=lambda at: abs(self.points[at].predicted - place))
            self._select(nearest)

    def _on_stepped(self, by: int) -> None:
        order = sorted(range(len(self.points)), key=lambda at: self.points[at].predicted)
        if order:
            at = (-1 if by > 0 else len(order)) if self._pointed is None else order.index(self._pointed)
            self._select(order[max(0, min(len(order) - 1, at + by))])

    def _select(self, number: int) -> None:
        """Read off a lane."""
        if self.points:
            self._pointed = max(0, min(number, len(self.points) - 1))
            self._read()

    def _read(self) -> None:
        self._show_reading(None if self._pointed is None else self.reading(self._pointed))


def predicted_points(record: ComparisonRecord) -> tuple[PredictedPoint, ...]:
    """Return the lanes that have both speedups."""
    return tuple(
        PredictedPoint(lane.lane, record.mark(lane.lane), lane.predicted_speedup, lane.speedup)
        for lane in record.figures
        if lane.predicted_speedup is not None and lane.speedup is not None and lane.lane != PLAIN_LANE
    )
