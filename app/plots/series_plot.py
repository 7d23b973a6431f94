"""Base class of plots of a few series over a logarithmic axis: points with intervals, and predicted lines."""

from collections.abc import Sequence
from math import log2
from typing import ClassVar, NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import top_of
from app.plots.export import Column
from app.plots.panel import PlotPanel, tr
from app.state.selection import Selection
from app.state.store import RunStore
from app.widgets.lane_marks import LaneMark
from engine.runs.summary import Summary
from engine.statistics import Interval

_SIZE, _CHOSEN_SIZE, _BEAM, _FAINT = 8, 11, 0.02, 0.55
_MARGIN, _FOOTROOM, _ROOM_FOR_LABEL, _MOST_TICKS = 0.05, 0.04, 0.55, 5
# A series of more points is a curve, not points to be read.
_MOST_READ = 64
# Items made in one slot: each takes half a millisecond.
_MOST_NEW = 3


class SeriesPoint(NamedTuple):
    """A value at an abscissa. reach: its interval or range, None where it has none."""

    x: float
    value: float
    reach: Interval | None = None


class Series(NamedTuple):
    """The points of one thing, ascending. predicted: calculated, not measured, drawn as a line alone.

    key: what it belongs to; several series may have one key. joined: whether a line goes through its points."""

    key: str
    mark: LaneMark
    points: tuple[SeriesPoint, ...]
    predicted: bool = False
    name: str = ""
    joined: bool = True

    @property
    def title(self) -> str:
        """What it is, with its mark."""
        return " ".join(filter(None, (self.mark.glyph, self.name, tr("predicted") * self.predicted)))


class _SeriesItems:
    """The items that draw one series; they are styled only when their look changes, which takes most of the time."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._styled: tuple[str, LaneMark, bool, bool] | None = None
        self.line = pg.PlotCurveItem(skipFiniteCheck=True)
        self.marks = pg.ScatterPlotItem(pen=pg.mkPen(None))
        self.bars = pg.ErrorBarItem()
        for item in (self.line, self.bars, self.marks):
            plot.addItem(item)

    def show(self, series: Series | None, xs: np.ndarray, *, chosen: bool, beam: float) -> None:
        """Draw a series at these places; None draws nothing."""
        points = () if series is None else series.points
        ys = np.array([point.value for point in points], dtype=np.float64)
        if series is not None:
            self._style(series, chosen=chosen)
        is_joined = series is None or series.joined
        self.line.setData(xs if is_joined else xs[:0], ys if is_joined else ys[:0])
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

    def _style(self, series: Series, *, chosen: bool) -> None:
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


class SeriesPlot(PlotPanel):
    """Abscissas grow by factors, so the axis is logarithmic. Mouse and keys read one off, a click chooses it."""

    every_ms = 250
    # The value that separates good from bad, where there is one.
    level: ClassVar[float | None] = None
    # The least value of the top tick, and the most.
    least: ClassVar[float] = 0.1
    most: ClassVar[float] = 1e12

    def __init__(
        self, store: RunStore, parent: QWidget | None, *, title: str, caption: str, axis: str, empty: str, bottom: str,
    ) -> None:  # fmt: skip
        self._bottom = bottom
        super().__init__(store, parent, title=title, caption=caption, axis=axis, bottom=bottom, empty=empty)
        self._drawn: tuple[object, ...] = ()
        self._items: list[_SeriesItems] = []
        self.series: tuple[Series, ...] = ()
        self.xs: tuple[float, ...] = ()
        self.even = pg.InfiniteLine(self.level or 0.0, angle=0, movable=False)
        self.plot.addItem(self.even)
        self.widget.setToolTip(self.tip())
        self.recolour()
        self.show_series(())

    # For a subclass to define

    def tip(self) -> str:
        """Return what mouse and keys do."""
        return tr("Point or ← → to read a value, click to choose it; right-click or Shift+F10 export.")

    def is_chosen(self, series: Series) -> bool:
        """Return whether a series is to stand out."""
        return False

    def write(self, value: float) -> str:
        """Return a value as the readout shows it."""
        return f"{value:.2f}"

    def place(self, x: float) -> float:
        """Return where an abscissa lies on the axis."""
        return log2(max(1.0, x))

    def named_xs(self) -> Sequence[float]:
        """Return the abscissas that the axis may name."""
        return self.xs

    # Drawing

    def show_series(self, series: tuple[Series, ...]) -> None:
        """Draw these series in place of those before."""
        self.series = series
        self.xs = tuple(sorted({point.x for own in series for point in own.points if not self._is_line(own)}))
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

    def _is_line(self, series: Series) -> bool:
        """Whether a series is a curve through many points, none of which is to be read."""
        return series.predicted and len(series.points) > _MOST_READ

    def _show_items(self) -> None:
        beam = _BEAM * self._extent()
        for place, items in enumerate(self._items):
            own = self.series[place] if place < len(self.series) else None
            xs = np.array([] if own is None else [self.place(point.x) for point in own.points], dtype=np.float64)
            items.show(own, xs, chosen=own is not None and self.is_chosen(own), beam=beam)

    def _places(self) -> list[float]:
        return sorted(self.place(point.x) for own in self.series for point in own.points)

    def _extent(self) -> float:
        places = self._places()
        return max(1e-9, places[-1] - places[0]) if len(places) > 1 else 1.0

    def _fit_range(self) -> None:
        places = self._places()
        low, extent = (places[0], self._extent()) if places else (0.0, 1.0)
        high = places[-1] if places else 1.0
        ends = [
            max(point.value, point.reach.high if point.reach else 0.0) for own in self.series for point in own.points
        ]
        top = top_of((min(self.most, end) for end in ends), least=max(self.least, self.level or 0.0))
        right = high + _ROOM_FOR_LABEL * extent
        # A mark at 0 is seen whole.
        self.set_range(low - _MARGIN * extent, right, min(self.most, top), footroom=_FOOTROOM)
        self.show_ticks()

    def show_ticks(self) -> None:
        """Name abscissas on the axis, the last in any case."""
        xs = self.named_xs()
        step = -(-len(xs) // _MOST_TICKS) or 1
        shown = [x for at, x in enumerate(reversed(xs)) if at % step == 0]
        self.plot.getAxis("bottom").setTicks([[(self.place(x), f"{x:,.0f}") for x in shown]])

    def mark(self, selection: Selection | None) -> None:
        """Mark nothing: the axis is not rounds."""

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint every series anew in the colours of the palette."""
        self.even.setPen(pg.mkPen(colours.muted, style=Qt.PenStyle.DotLine))
        self._show_items()

    # Reading off, choosing and export

    def reading(self, at: int) -> str | None:
        """Return the value of every series at an abscissa, by its number."""
        if not 0 <= at < len(self.xs):
            return None
        x = self.xs[at]
        parts = [
            f"{own.mark.glyph}{'╌' if own.predicted else ''} {self.write(point.value)}"
            for own in self.series
            for point in own.points
            if point.x == x
        ]
        return f"{x:,.0f}: {'  '.join(parts)}"

    def columns(self) -> tuple[Column, ...]:
        """Return every abscissa with the value of each series and its interval; what was not measured is empty."""
        xs = sorted({point.x for own in self.series for point in own.points})
        columns = [Column(self._bottom, np.array(xs, dtype=np.float64))]
        unit = self.plot.getAxis("left").labelText
        for own in self.series:
            at = {point.x: point for point in own.points}
            points = [at.get(x) for x in xs]
            columns.append(Column(f"{own.title} ({unit})", _figures([point and point.value for point in points])))
            if any(point.reach for point in own.points):
                reaches = [None if point is None else point.reach for point in points]
                columns.append(Column(f"{own.title}, low", _figures([reach and reach.low for reach in reaches])))
                columns.append(Column(f"{own.title}, high", _figures([reach and reach.high for reach in reaches])))
        return tuple(columns)

    def choose(self, x: float) -> None:
        """Choose what is at an abscissa."""

    def _on_pointed(self, place: float) -> None:
        if self.xs:
            self._point_at(int(np.argmin([abs(self.place(x) - place) for x in self.xs])))

    def _on_stepped(self, by: int) -> None:
        start = (-1 if by > 0 else len(self.xs)) if self._pointed is None else self._pointed
        if self.xs:
            self._point_at(max(0, min(len(self.xs) - 1, start + by)))

    def _select(self, number: int) -> None:
        """Choose the abscissa that is pointed at."""
        if self._pointed is not None and self._pointed < len(self.xs):
            self.choose(self.xs[self._pointed])

    def _point_at(self, number: int) -> None:
        if number != self._pointed:
            self._pointed = number
            self._read()

    def _read(self) -> None:
        self._show_reading(None if self._pointed is None else self.reading(self._pointed))


def _figures(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
