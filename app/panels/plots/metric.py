"""Panel: a metric that a method declares and measures, over the rounds."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import round_end, top_of
from app.plots.curve import Curve
from app.plots.export import Column
from app.plots.panel import PlotPanel, tr
from app.state.store import RunStore
from engine.events import Event, Measured
from engine.method import MethodSpec, Metric
from engine.runs.summary import Summary

_FIRST_TOP, _MIN_TOP = 1.0, 1e-6


class MetricPlot(PlotPanel):
    """One metric of one method over the rounds. Values below 0 are drawn at 0."""

    def __init__(self, store: RunStore, method: MethodSpec, metric: Metric, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=metric.title,
            caption=metric.help,
            axis=metric.unit,
            bottom=tr("round"),
            keys=(("━", tr("measured"), "accent"),),
            empty=tr("{0} appears with the first round.").format(metric.title),
        )
        self.method, self.series = method.name, metric
        self.curve = Curve(self.plot)
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Empty the plot."""
        self._max, self._top = 0.0, round_end(_FIRST_TOP)
        self.curve.clear()
        self.set_span(Summary(), self._top)
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append the new values."""
        events = [event for event in new if isinstance(event, Measured) and event.name == self.series.name]
        if events:
            self.curve.extend([event.round for event in events], [event.value for event in events])
            self.curve.show()
            self._max = max(self._max, *(event.value for event in events))
            self._top = top_of([self._max], least=_MIN_TOP, now=self._top)
        self.set_span(summary, self._top)
        self.say_empty(summary, empty=not len(self.curve.x))

    def reading(self, at: int) -> str | None:
        """The value at a round."""
        value = self.curve.at(at)
        return None if value is None else tr("round {0:,}: {1:.4g} {2}").format(at + 1, value, self.series.unit)

    def columns(self) -> tuple[Column, ...]:
        """Every value."""
        return (
            Column(tr("round"), self.curve.x + 1), Column(f"{self.series.name} ({self.series.unit})", self.curve.y)
        )  # fmt: skip

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint a solid line."""
        self.curve.item.setPen(pg.mkPen(colours.accent, width=2))
