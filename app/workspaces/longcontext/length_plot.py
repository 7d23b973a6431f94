"""Base class of the plots over lengths: a series for each drafter, in its symbol and colour, and what was predicted."""

from collections.abc import Sequence
from math import log2
from typing import ClassVar, NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import top_of
from app.plots.export import Column, Table
from app.plots.panel import PlotPanel, tr
from app.state.selection import Selection
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets.lane_marks import LaneMark
from app.workspaces.longcontext import words
from app.workspaces.longcontext.record import LengthPick, LengthRecord
from app.workspaces.longcontext.state import LengthProgress
from engine.events import Event
from engine.runs.summary import Summary
from engine.statistics import Interval

_SIZE, _CHOSEN_SIZE, _BEAM, _FAINT = 8, 11, 0.02, 0.55
_MARGIN, _ROOM_FOR_LABEL, _MOST_TICKS = 0.05, 0.55, 5
# Items made in one slot: each takes half a millisecond.
_MOST_NEW = 3


class LengthPoint(NamedTuple):
    """A value at a length. reach: its interval or range, None where it has none."""

    length: float
    value: float
    reach: Interval | None = None


class LengthSeries(NamedTuple):
    """The points of a drafter, ascending. predicted: calculated before anything was measured, drawn as a line alone.

    name: tells it from other series of the drafter."""

    drafter: str
    mark: LaneMark
    points: tuple[LengthPoint, ...]
    predicted: bool = False
    name: str = ""

    @property
    def title(self) -> str:
        """What it is, with the mark of its drafter."""
        parts = (self.mark.glyph, words.drafter_name(self.drafter), self.name, tr("predicted") * self.predicted)
        return " ".join(filter(None, parts))


class _SeriesItems:
    """The items that draw one series; they are styled only when their look changes, which takes most of the time."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._styled: tuple[str, LaneMark, bool, bool] | None = None
        self.line = pg.PlotCurveItem(skipFiniteCheck=True)
        self.marks = pg.ScatterPlotItem(pen=pg.mkPen(None))
        self.bars = pg.ErrorBarItem()
        for item in (self.line, self.bars, self.marks):
            plot.addItem(item)

    def show(self, series: LengthSeries | None, xs: np.ndarray, *, chosen: bool, beam: float) -> None:
        """Draw a series at these places; None draws nothing."""
        points = () if series is None else series.points
        ys = np.array([point.value for point in points], dtype=np.float64)
        if series is not None:
            self._style(series, chosen=chosen)
        self.line.setData(xs, ys)
        is_drawn = series is not None and not series.predicted
        self.marks.setData(xs if is_drawn else xs[:0], ys if is_drawn else ys[:0])
        reaches = [
            (x, point.value, point.reach) for x, point in zip(xs, points, strict=True) if point.reach is not None
        ]
        self.bars.setVisible(bool(reaches) and is_drawn)
        if reaches:
            self.bars.setData(
                x=np.array([x for x, _, _ in reaches]), y=np.array([value for _, value, _ in reaches]),
                top=np.array([max(0.0, reach.high - value) for _, value, reach in reaches]),
                bottom=np.array([max(0.0, value - reach.low) for _, value, reach in reaches]), beam=beam,
            )  # fmt: skip

    def _style(self, series: LengthSeries, *, chosen: bool) -> None:
        look = (series.mark.colour.name(), series.mark, series.predicted, chosen)
        if look == self._styled:
            return
        self._styled = look
        faint = series.mark.colour
        faint.setAlphaF(1.0 if chosen else _FAINT)
        style = Qt.PenStyle.DashLine if series.predicted else Qt.PenStyle.SolidLine
        self.line.setPen(pg.mkPen(faint, width=1.2 if series.predicted else 2.5 if chosen else 1.5, style=style))
        self.bars.setData(pen=pg.mkPen(faint, width=1))
        self.marks.setSymbol(series.mark.symbol)
        self.marks.setSize(_CHOSEN_SIZE if chosen else _SIZE)
        self.marks.setBrush(pg.mkBrush(series.mark.colour))
        for item in (self.line, self.bars, self.marks):
            item.setZValue(2 if chosen else 1)


class LengthPlot(PlotPanel):
    """Lengths double from point to point, so the axis is logarithmic. Mouse and keys read off a length, a click chooses
    it."""

    every_ms = 250
    # The value that separates good from bad, where there is one.
    level: ClassVar[float | None] = None
    # The least value of the top tick, and the most.
    least: ClassVar[float] = 0.1
    most: ClassVar[float] = 1e12

    def __init__(
        self, store: RunStore, parent: QWidget | None, *, title: str, caption: str, axis: str, empty: str,
        bottom: str = "",
    ) -> None:  # fmt: skip
        self._bottom = bottom or tr("tokens")
        super().__init__(
            store, parent, title=title, caption=caption, axis=axis, bottom=self._bottom, empty=empty,
        )  # fmt: skip
        self._drawn: tuple[object, ...] = ()
        self._items: list[_SeriesItems] = []
        self.series: tuple[LengthSeries, ...] = ()
        self.lengths: tuple[float, ...] = ()
        self.even = pg.InfiniteLine(self.level or 0.0, angle=0, movable=False)
        self.plot.addItem(self.even)
        self.widget.setToolTip(
            tr("Point or ← → to read a length, click to choose it; right-click or Shift+F10 export.")
        )
        self.recolour()
        self._show(())

    # For a subclass to define

    def series_of(self, record: LengthRecord) -> list[LengthSeries]:
        """Return the series of a measurement."""
        return []

    def write(self, value: float) -> str:
        """Return a value as the readout shows it."""
        return f"{value:.2f}"

    def place(self, length: float) -> float:
        """Return where a length lies on the axis."""
        return log2(max(1.0, length))

    # Drawing

    @property
    def record(self) -> LengthRecord:
        """The measurement on show."""
        return self.store.tab(LengthProgress).record

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the measurement has changed or another combination is chosen."""
        progress = self.store.tab(LengthProgress)
        drawn = (progress.record.number, progress.record.changes, progress.pick)
        if drawn != self._drawn:
            self._drawn = drawn
            self._show(tuple(self.series_of(progress.record)))

    def _show(self, series: tuple[LengthSeries, ...]) -> None:
        self.series = series
        self.lengths = tuple(sorted({point.length for own in series for point in own.points}))
        self._items += [_SeriesItems(self.plot) for _ in range(min(_MOST_NEW, len(series) - len(self._items)))]
        if len(self._items) < len(series):
            self._drawn = ()
            QTimer.singleShot(0, self, self.refresh)
        self._show_items()
        self._fit_range()
        is_empty = not any(own.points for own in series)
        self.even.setVisible(self.level is not None and not is_empty)
        self.say_empty(Summary(), empty=is_empty)
        self._on_left()

    def _show_items(self) -> None:
        pick, beam = self.store.tab(LengthProgress).pick, _BEAM * self._extent()
        for place, items in enumerate(self._items):
            own = self.series[place] if place < len(self.series) else None
            xs = np.array([] if own is None else [self.place(point.length) for point in own.points], dtype=np.float64)
            items.show(own, xs, chosen=own is not None and pick is not None and own.drafter == pick.drafter, beam=beam)

    def _extent(self) -> float:
        places = [self.place(length) for length in self.lengths]
        return max(1e-9, places[-1] - places[0]) if len(places) > 1 else 1.0

    def _fit_range(self) -> None:
        places = [self.place(length) for length in self.lengths]
        low, extent = (places[0], self._extent()) if places else (0.0, 1.0)
        high = places[-1] if places else 1.0
        ends = [
            max(point.value, point.reach.high if point.reach else 0.0) for own in self.series for point in own.points
        ]
        top = top_of((min(self.most, end) for end in ends), least=max(self.least, self.level or 0.0))
        self.set_range(low - _MARGIN * extent, high + _ROOM_FOR_LABEL * extent, min(self.most, top))
        self.show_ticks()

    def show_ticks(self) -> None:
        """Name the lengths on the axis, the longest in any case."""
        started = self.record.started
        lengths = self.lengths if started is None else started.lengths
        step = -(-len(lengths) // _MOST_TICKS) or 1
        shown = [length for at, length in enumerate(reversed(lengths)) if at % step == 0]
        self.plot.getAxis("bottom").setTicks([[(self.place(length), f"{length:,.0f}") for length in shown]])

    def mark(self, selection: Selection | None) -> None:
        """Mark nothing: the axis is a length, not rounds."""

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint every series anew in the colours of the palette."""
        self.even.setPen(pg.mkPen(colours.muted, style=Qt.PenStyle.DotLine))
        self._show_items()

    # Reading off, choosing and export

    def reading(self, at: int) -> str | None:
        """Return the value of every series at a length, by its number."""
        if not 0 <= at < len(self.lengths):
            return None
        length = self.lengths[at]
        parts = [
            f"{own.mark.glyph}{'╌' if own.predicted else ''} {self.write(point.value)}"
            for own in self.series
            for point in own.points
            if point.length == length
        ]
        return f"{length:,.0f}: {'  '.join(parts)}"

    def columns(self) -> tuple[Column, ...]:
        """Return every length with the value of each series and its interval; what was not measured is empty."""
        columns = [Column(self._bottom, np.array(self.lengths, dtype=np.float64))]
        unit = self.plot.getAxis("left").labelText
        for own in self.series:
            at = {point.length: point for point in own.points}
            points = [at.get(length) for length in self.lengths]
            columns.append(Column(f"{own.title} ({unit})", _figures([point and point.value for point in points])))
            if any(point.reach for point in own.points):
                reaches = [None if point is None else point.reach for point in points]
                columns.append(Column(f"{own.title}, low", _figures([reach and reach.low for reach in reaches])))
                columns.append(Column(f"{own.title}, high", _figures([reach and reach.high for reach in reaches])))
        return tuple(columns)

    def table(self) -> Table:
        """Return the content of a CSV file of the plot."""
        return Table((f"draftscope: {self.title}", one_line(words.scope(self.record), longest=1000)), self.columns())

    def note(self) -> str:
        """Return which mark is which drafter, and what the figures hold for."""
        record = self.record
        if record.started is None:
            return ""
        lanes = "   ".join(f"{record.mark(each).glyph} {words.drafter_name(each)}" for each in record.drafters)
        return f"{lanes}\n{words.scope(record)}"

    def origin(self) -> str:
        """Return the name of the text."""
        return "" if self.record.started is None else one_line(self.record.started.text, longest=16)

    def _on_pointed(self, place: float) -> None:
        if self.lengths:
            self._point_at(int(np.argmin([abs(self.place(length) - place) for length in self.lengths])))

    def _on_stepped(self, by: int) -> None:
        start = (-1 if by > 0 else len(self.lengths)) if self._pointed is None else self._pointed
        if self.lengths:
            self._point_at(max(0, min(len(self.lengths) - 1, start + by)))

    def _select(self, number: int) -> None:
        """Choose the nearest length, at the drafter that is chosen; numbers beyond the last mean the last."""
        pick = self.store.tab(LengthProgress).pick
        if self._pointed is not None and pick is not None and (length := self._length_at(self._pointed)) is not None:
            self.store.tab(LengthProgress).choose(LengthPick(length, pick.drafter))

    def _length_at(self, number: int) -> int | None:
        """The length asked for that a place on the axis belongs to."""
        asked = () if self.record.started is None else self.record.started.lengths
        return min(asked, key=lambda length: abs(length - self.lengths[number]), default=None)

    def _point_at(self, number: int) -> None:
        if number != self._pointed:
            self._pointed = number
            self._read()

    def _read(self) -> None:
        self._show_reading(None if self._pointed is None else self.reading(self._pointed))


def _figures(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
