"""Base class of the plots of a measurement: series over the values of one setting, points with intervals."""

from collections.abc import Callable, Sequence
from math import log2
from typing import ClassVar, NamedTuple, TypeAlias

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import top_of
from app.plots.export import Column, Table
from app.plots.panel import PlotPanel, tr
from app.state.selection import Selection
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.words import speedups
from app.workspaces.decode import measured_words
from app.workspaces.decode.measuring import MeasuringProgress
from engine.events import Event, ScalingMeasured
from engine.runs.summary import Summary
from engine.statistics import Interval, RatioEstimate

_SYMBOL_SIZE, _BEAM, _MARGIN = 8, 0.02, 0.05
# The share of the axis left free at its end, for the label.
_ROOM_FOR_LABEL = 0.3
_MOST_TICKS = 8
SeriesValues: TypeAlias = tuple[RatioEstimate | None, ...]


class SeriesStyle(NamedTuple):
    """A series: its mark in the legend, symbol in the plot (or None), name, colour, line style and explanation."""

    mark: str
    symbol: str | None
    words: str
    colour: str
    line: Qt.PenStyle
    tip: str


class MeasuredPlot(PlotPanel):
    """Series over the values of one setting. It has no rounds to select: mouse and keys read off the nearest point."""

    every_ms = 250
    # Whether the values double from point to point; the axis is then logarithmic, so that they are evenly spaced.
    doubling: ClassVar[bool] = False
    # The value that separates good from bad, where there is one.
    level: ClassVar[float | None] = None

    def __init__(
        self,
        store: RunStore,
        parent: QWidget | None,
        *,
        title: str,
        caption: str,
        axis: str,
        bottom: str,
        empty: str,
        series: tuple[SeriesStyle, ...],
        unit: Callable[[float | None], str],
    ) -> None:
        super().__init__(
            store, parent, title=title, caption=caption, axis=axis, bottom=bottom, empty=empty,
            keys=tuple((key.mark, key.words, key.colour) for key in series),
        )  # fmt: skip
        self._series, self._bottom, self._unit = series, bottom, unit
        self._measured: ScalingMeasured | None = None
        self.values: tuple[int, ...] = ()
        self.drawn: tuple[SeriesValues, ...] = ()
        self.lines = [pg.PlotCurveItem(skipFiniteCheck=True) for _ in series]
        self.marks = [pg.ScatterPlotItem(size=_SYMBOL_SIZE, symbol=key.symbol or "o") for key in series]
        self.bars = [pg.ErrorBarItem() for _ in series]
        self.even = pg.InfiniteLine(self.level or 0.0, angle=0, movable=False)
        self.even.setVisible(self.level is not None)
        for item in (self.even, *self.lines, *self.bars, *self.marks):
            self.plot.addItem(item)
        self.widget.setToolTip(tr("Point or ← → to read a value; right-click or Shift+F10 export."))
        self.tell_keys([key.tip for key in series])
        self.recolour()
        self._show((), ())

    # For a subclass to define

    def points(self, measured: ScalingMeasured) -> list[tuple[int, SeriesValues]]:
        """Return each value of the setting with the value of every series there."""
        return []

    # Drawing

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the measurement on show has changed; runs do not matter here."""
        measured = self.store.tab(MeasuringProgress).measured
        if measured is self._measured:
            return
        self._measured = measured
        points = [] if measured is None else sorted(self.points(measured), key=lambda point: point[0])
        self._show(tuple(value for value, _ in points), tuple(drawn for _, drawn in points))

    def mark(self, selection: Selection | None) -> None:
        """Do nothing: the axis is a setting, not rounds."""

    def reading(self, at: int) -> str | None:
        """Return the value of every series at a point."""
        if not 0 <= at < len(self.values):
            return None
        parts = [
            f"{key.mark} {self._unit(middle.value)}"
            for key, middle in zip(self._series, self.drawn[at], strict=True)
            if middle is not None
        ]
        return " · ".join((f"{self._bottom} {self.values[at]:,}", *parts))

    def columns(self) -> tuple[Column, ...]:
        """Return every point with its interval or range; what was not measured is empty."""
        columns = [Column(self._bottom, np.array(self.values, dtype=np.float64))]
        for place, key in enumerate(self._series):
            middles = [point[place] for point in self.drawn]
            unit = self.plot.getAxis("left").labelText
            columns.append(Column(f"{key.words} ({unit})", _figures(middles, lambda middle: middle.value)))
            columns.append(Column(f"{key.words}, low", _figures(middles, lambda middle: _interval(middle).low)))
            columns.append(Column(f"{key.words}, high", _figures(middles, lambda middle: _interval(middle).high)))
        return tuple(columns)

    def table(self) -> Table:
        """Return the content of a CSV file of the plot."""
        notes = (f"draftscope: {self.title}", one_line(self.note()))
        return Table(notes, self.columns())

    def note(self) -> str:
        """Say what the measurement was made with."""
        return "" if self._measured is None else measured_words.made_with(self._measured)

    def origin(self) -> str:
        """Return the date of the measurement."""
        return "" if self._measured is None else self._measured.measured_utc[:10]

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint each series in its colour."""
        self.even.setPen(pg.mkPen(colours.muted, style=Qt.PenStyle.DotLine))
        for key, line, marks, bars in zip(self._series, self.lines, self.marks, self.bars, strict=True):
            colour = getattr(colours, key.colour)
            line.setPen(pg.mkPen(colour, width=2, style=key.line))
            marks.setBrush(pg.mkBrush(colour))
            marks.setPen(pg.mkPen(None))
            bars.setData(pen=pg.mkPen(colour, width=1))

    def _show(self, values: tuple[int, ...], drawn: tuple[SeriesValues, ...]) -> None:
        self.values, self.drawn = values, drawn
        places = [self._place(value) for value in values]
        low, high = (places[0], places[-1]) if places else (0.0, 1.0)
        span = max(high - low, 1.0)
        for place, key in enumerate(self._series):
            series = [(x, point[place]) for x, point in zip(places, drawn, strict=True)]
            self._show_series(
                place, key, [(x, middle) for x, middle in series if middle is not None], beam=_BEAM * span
            )
        tops = [_interval(middle).high for point in drawn for middle in point if middle is not None]
        self.set_range(low - _MARGIN * span, high + _ROOM_FOR_LABEL * span, top_of(tops, least=self.level or 0.1))
        step = -(-len(values) // _MOST_TICKS) or 1
        ticks = [(x, f"{value:,}") for x, value in zip(places, values, strict=True)][::step]
        self.plot.getAxis("bottom").setTicks([ticks])
        self.say_empty(Summary(), empty=not values)
        self._on_left()

    def _show_series(
        self, place: int, key: SeriesStyle, points: Sequence[tuple[float, RatioEstimate]], *, beam: float
    ) -> None:
        x = np.array([at for at, _ in points], dtype=np.float64)
        y = np.array([middle.value for _, middle in points], dtype=np.float64)
        self.lines[place].setData(x, y)
        self.marks[place].setData(x if key.symbol else x[:0], y if key.symbol else y[:0])
        ends = [(at, middle.value, speedups.ends(middle)) for at, middle in points]
        intervals = [(at, value, interval) for at, value, interval in ends if interval is not None]
        self.bars[place].setVisible(bool(intervals))
        if intervals:
            self.bars[place].setData(
                x=np.array([at for at, _, _ in intervals]),
                y=np.array([value for _, value, _ in intervals]),
                top=np.array([max(0.0, ci.high - value) for _, value, ci in intervals]),
                bottom=np.array([max(0.0, value - ci.low) for _, value, ci in intervals]),
                beam=beam,
            )

    def _place(self, value: int) -> float:
        return log2(value) if self.doubling else float(value)

    # Reading off

    def _on_pointed(self, place: float) -> None:
        if self.values:
            self._point_at(int(np.argmin([abs(self._place(value) - place) for value in self.values])))

    def _on_stepped(self, by: int) -> None:
        self._select((-1 if by > 0 else len(self.values)) + by if self._pointed is None else self._pointed + by)

    def _select(self, number: int) -> None:
        """Read off a point, or the nearest one where the number is out of range."""
        if self.values:
            self._point_at(max(0, min(number, len(self.values) - 1)))

    def _point_at(self, number: int) -> None:
        if number != self._pointed:
            self._pointed = number
            self._read()

    def _read(self) -> None:
        self._show_reading(None if self._pointed is None else self.reading(self._pointed))


def _interval(middle: RatioEstimate) -> Interval:
    return speedups.ends(middle) or Interval(middle.value, middle.value)


def _figures(middles: Sequence[RatioEstimate | None], figure: Callable[[RatioEstimate], float]) -> np.ndarray:
    return np.array([float("nan") if middle is None else figure(middle) for middle in middles], dtype=np.float64)
