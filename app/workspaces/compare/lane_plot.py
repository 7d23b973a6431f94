"""Base class of the plots with a series for each lane, drawn with its symbol and colour."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.export import Column, Table
from app.plots.panel import PlotPanel, tr
from app.state.selection import Selection
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets.lane_marks import LaneMark
from app.workspaces.compare import words
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.lane_model import csv_notes
from app.workspaces.compare.record import ComparisonRecord
from engine.events import Event
from engine.runs.summary import Summary

_SIZE, _CHOSEN_SIZE = 8, 11
_FAINT = 0.45
_MOST_TICKS = 8
# Items made in one slot: each takes half a millisecond.
_MOST_NEW = 3


class LaneSeries(NamedTuple):
    """The points of a lane; xs count up from 1."""

    lane: str
    mark: LaneMark
    ys: tuple[float, ...]


class _LaneItems:
    """The items that draw one series; they are styled only when their mark changes, which takes most of the time."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._styled: tuple[LaneMark, bool, str] | None = None
        self.line = pg.PlotCurveItem(skipFiniteCheck=True)
        self.points = pg.ScatterPlotItem(pen=pg.mkPen(None))
        for item in (self.line, self.points):
            plot.addItem(item)

    def show(self, series: LaneSeries | None, *, chosen: bool) -> None:
        """Draw a series, above the others if it is that of the chosen lane; None draws nothing."""
        if series is not None:
            self._style(series.mark, chosen=chosen)
        ys = np.array(() if series is None else series.ys, dtype=np.float64)
        xs = np.arange(1.0, len(ys) + 1)
        self.line.setData(xs, ys)
        self.points.setData(xs, ys)

    def _style(self, mark: LaneMark, *, chosen: bool) -> None:
        style = (mark, chosen, mark.colour.name())
        if style == self._styled:
            return
        self._styled = style
        faint = mark.colour
        if not chosen:
            faint.setAlphaF(_FAINT)
        self.points.setSymbol(mark.symbol)
        self.points.setSize(_CHOSEN_SIZE if chosen else _SIZE)
        self.points.setBrush(pg.mkBrush(mark.colour))
        self.line.setPen(pg.mkPen(faint, width=3 if chosen else 1.5))
        for item in (self.line, self.points):
            item.setZValue(2 if chosen else 1)


class LanePlot(PlotPanel):
    """A value for each place (a position, a rank) and lane. Mouse and keys read off the nearest place."""

    every_ms = 250

    def __init__(
        self, store: RunStore, parent: QWidget | None, *, title: str, caption: str, axis: str, bottom: str, empty: str
    ) -> None:
        super().__init__(store, parent, title=title, caption=caption, axis=axis, bottom=bottom, empty=empty)
        self._bottom = bottom
        self._drawn: tuple[int, int, str] = (-1, -1, "")
        self._items: list[_LaneItems] = []
        self.series: tuple[LaneSeries, ...] = ()
        self.widget.rounds.first = 0
        self.widget.setToolTip(tr("Point or ← → to read a value; right-click or Shift+F10 export."))
        self.recolour()
        self._show(())

    # For a subclass to define

    def series_of(self, record: ComparisonRecord) -> list[LaneSeries]:
        """Return the series of a comparison."""
        return []

    def tick(self, place: int) -> str:
        """Return the label of a place, counted from 1."""
        return str(place)

    def top(self) -> float:
        """Return the upper end of the value axis."""
        return 1.0

    # Drawing

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the comparison has changed or another lane is chosen; runs do not matter here."""
        comparing = self.store.tab(ComparingProgress)
        record = comparing.record
        drawn = (record.number, record.changes, comparing.lane)
        if drawn != self._drawn:
            self._drawn = drawn
            self._show(tuple(self.series_of(record)))

    def _show(self, series: tuple[LaneSeries, ...]) -> None:
        self.series = series
        chosen = self.store.tab(ComparingProgress).lane
        self._items += [_LaneItems(self.plot) for _ in range(min(_MOST_NEW, len(series) - len(self._items)))]
        if len(self._items) < len(series):
            self._drawn = (-1, -1, "")
            QTimer.singleShot(0, self, self.refresh)
        for place, items in enumerate(self._items):
            own = series[place] if place < len(series) else None
            items.show(own, chosen=own is not None and own.lane == chosen)
        n = max((len(own.ys) for own in series), default=0)
        step = -(-n // _MOST_TICKS) or 1
        ticks = [(float(at), self.tick(at)) for at in range(1, n + 1) if at in (1, n) or at % step == 0]
        self.plot.getAxis("bottom").setTicks([ticks])
        self.set_range(0.6, max(2.0, n + 0.4 + 0.25 * n), self.top())
        self.say_empty(Summary(), empty=not n)
        self._on_left()

    def mark(self, selection: Selection | None) -> None:
        """Mark nothing: places are not rounds."""

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint every series anew in the colours of the palette."""
        chosen = self.store.tab(ComparingProgress).lane
        for items, own in zip(self._items, self.series, strict=False):
            items.show(own, chosen=own.lane == chosen)

    def reading(self, at: int) -> str | None:
        """Return the value of every lane at a place."""
        parts = [f"{own.mark.glyph} {own.ys[at - 1]:.2f}" for own in self.series if 1 <= at <= len(own.ys)]
        return None if not parts else f"{self._bottom} {self.tick(at)}: {'  '.join(parts)}"

    # Export

    def columns(self) -> tuple[Column, ...]:
        """Return every place with the value of each lane; what was not measured is empty."""
        n = max((len(own.ys) for own in self.series), default=0)
        places = Column(self._bottom, np.array([self.tick(at) for at in range(1, n + 1)], dtype=object))
        return places, *(Column(words.lane_name(own.lane), _padded(own.ys, n)) for own in self.series)

    def table(self) -> Table:
        """Return the content of a CSV file of the plot."""
        notes = csv_notes(self.store.tab(ComparingProgress).record)
        return Table((f"draftscope: {self.title}", *notes[1:]), self.columns())

    def note(self) -> str:
        """Return which mark is which lane, and what was compared over."""
        return plot_note(self.store.tab(ComparingProgress).record)

    def origin(self) -> str:
        """Return the id of the comparison."""
        return plot_origin(self.store.tab(ComparingProgress).record)

    # Reading off

    def _on_stepped(self, by: int) -> None:
        self._select((0 if by > 0 else 1_000_000) + by if self._pointed is None else self._pointed + by)

    def _select(self, number: int) -> None:
        """Read off a place, or the nearest one where the number is out of range."""
        n = max((len(own.ys) for own in self.series), default=0)
        if n:
            self._pointed = max(1, min(number, n))
            self._read()

    def _read(self) -> None:
        self._show_reading(None if self._pointed is None else self.reading(self._pointed))


def plot_note(record: ComparisonRecord) -> str:
    """Which mark is which lane, and what was compared over, for an exported picture."""
    started = record.started
    if started is None:
        return ""
    lanes = "   ".join(f"{record.mark(lane.name).glyph} {words.lane_name(lane.name)}" for lane in record.lanes)
    return f"{lanes}\n{one_line(started.target)}, {words.workload(record)}"


def plot_origin(record: ComparisonRecord) -> str:
    """The id of the comparison, to tell exported files apart."""
    return "" if record.started is None else record.started.comparison_id


def _padded(values: Sequence[float], n: int) -> np.ndarray:
    return np.array([*values, *([np.nan] * (n - len(values)))], dtype=np.float64)
