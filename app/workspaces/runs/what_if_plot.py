"""Plot of the predicted speedup over draft lengths, or of tokens per round where no plain decoding was measured."""

from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import top_of
from app.plots.export import Column, Table
from app.plots.panel import PlotPanel
from app.state.selection import Selection
from app.state.store import RunStore
from app.words import quantities
from engine.experiments.prediction import Prediction
from engine.runs.summary import Summary

_SYMBOL_SIZE = 9


class WhatIfCurve(NamedTuple):
    """What is drawn. gamma: the draft length asked about; recorded: that of the run. as_recorded: the predictions
    without any assumption. subject: what run it is, for exported files."""

    predictions: tuple[Prediction, ...]
    as_recorded: tuple[Prediction, ...]
    gamma: int
    recorded: int
    subject: str


class WhatIfPlot(PlotPanel):
    """One curve with the assumptions, one without; a mark where the run was recorded and one at the γ asked about."""

    def __init__(self, store: RunStore, parent: QWidget) -> None:
        tr = self.tr
        super().__init__(
            store, parent, title=tr("Predicted by γ"),
            caption=tr("Above 1 drafting pays; γ 0 is plain decoding. Replayed, not measured."),
            axis=tr("times plain"), bottom=tr("draft length γ"),
            empty=tr("The curve appears when the run has been read."),
            keys=(("━", tr("changed"), "accent"), ("┅", tr("as recorded"), "muted"),
                  ("■", tr("γ asked"), "accent"), ("○", tr("γ recorded"), "muted")),
        )  # fmt: skip
        self.curve: WhatIfCurve | None = None
        self.even = pg.InfiniteLine(1.0, angle=0, movable=False)
        self.line = pg.PlotCurveItem(skipFiniteCheck=True)
        self.before = pg.PlotCurveItem(skipFiniteCheck=True)
        self.chosen = pg.ScatterPlotItem(size=_SYMBOL_SIZE, symbol="s")
        self.recorded = pg.ScatterPlotItem(size=_SYMBOL_SIZE, symbol="o")
        for item in (self.even, self.before, self.line, self.recorded, self.chosen):
            self.plot.addItem(item)
        self.widget.rounds.first = 0
        self.widget.setToolTip(tr("Point or ← → to read a value; right-click or Shift+F10 export."))
        self.recolour()
        self.show_curve(None)

    def show_curve(self, curve: WhatIfCurve | None) -> None:
        """Draw a curve; None empties the plot."""
        self.curve = curve
        priced = curve is not None and curve.predictions[0].speedup is not None
        if curve is not None:
            self.plot.setLabel("left", self.tr("times plain") if priced else self.tr("tokens a round"))
        self.even.setVisible(priced)
        after, before = ([], []) if curve is None else map(_values, (curve.predictions, curve.as_recorded))
        gammas = np.arange(len(after), dtype=np.float64)
        self.line.setData(gammas, np.array(after, dtype=np.float64))
        self.before.setData(gammas[: len(before)], np.array(before, dtype=np.float64))
        self._mark(self.chosen, after, None if curve is None else curve.gamma)
        self._mark(self.recorded, before, None if curve is None else curve.recorded)
        self.set_range(-0.3, max(4.0, len(after) - 0.5), top_of([*after, *before], least=1.2))
        self.say_empty(Summary(), empty=curve is None)
        self._read()

    def reading(self, at: int) -> str | None:
        """The predictions at a draft length."""
        if self.curve is None or not 0 <= at < len(self.curve.predictions):
            return None
        option = self.curve.predictions[at]
        speedup = "" if option.speedup is None else f"{quantities.times(option.speedup)} · "
        return f"γ {at}: {speedup}τ {quantities.number(option.tau)}"

    def mark(self, selection: Selection | None) -> None:
        """Do nothing: the axis is γ, not rounds."""

    def columns(self) -> tuple[Column, ...]:
        """Every draft length with what is predicted for it."""
        options = () if self.curve is None else self.curve.predictions
        gammas, taus = [option.gamma for option in options], [option.tau for option in options]
        speedups = [float("nan") if option.speedup is None else option.speedup for option in options]
        return (
            Column("γ", np.array(gammas, dtype=np.float64)),
            Column(self.tr("predicted speedup"), np.array(speedups, dtype=np.float64)),
            Column(self.tr("tokens a round"), np.array(taus, dtype=np.float64)),
        )

    def table(self) -> Table:
        """Return the content of a CSV file of the plot."""
        return Table((f"draftscope: {self.title}", self.note()), self.columns())

    def note(self) -> str:
        """What the predictions belong to."""
        return "" if self.curve is None else self.curve.subject

    def origin(self) -> str:
        """Nothing more: the note says which run."""
        return ""

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint the curves."""
        self.even.setPen(pg.mkPen(colours.muted, style=Qt.PenStyle.DotLine))
        self.line.setPen(pg.mkPen(colours.accent, width=2))
        self.before.setPen(pg.mkPen(colours.muted, width=2, style=Qt.PenStyle.DashLine))
        self.chosen.setBrush(pg.mkBrush(colours.accent))
        self.chosen.setPen(pg.mkPen(None))
        self.recorded.setBrush(pg.mkBrush(None))
        self.recorded.setPen(pg.mkPen(colours.muted, width=2))

    def _mark(self, item: pg.ScatterPlotItem, values: list[float], gamma: int | None) -> None:
        there = gamma is not None and gamma < len(values)
        item.setData([gamma] if there else [], [values[gamma]] if there and gamma is not None else [])

    def _on_stepped(self, by: int) -> None:
        n = 0 if self.curve is None else len(self.curve.predictions)
        if n:
            start = -1 if by > 0 else n
            self._pointed = max(0, min(n - 1, (start if self._pointed is None else self._pointed) + by))
            self._read()

    def _select(self, number: int) -> None:
        self._pointed = None
        self._on_stepped(number + 1)

    def _read(self) -> None:
        self._show_reading(None if self._pointed is None else self.reading(self._pointed))


def _values(options: tuple[Prediction, ...]) -> list[float]:
    return [option.tau if option.speedup is None else option.speedup for option in options]
