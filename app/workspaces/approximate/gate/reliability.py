"""The reliability of a gate: what it states against what the target does, by ranges of the stated probability."""

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.plots.export import Column, Table
from app.plots.plane import BOTH, Plane, Spot
from app.workspaces.approximate.gate import words
from app.workspaces.approximate.words import MARKS
from engine import statistics
from engine.events import ReliabilityBin
from engine.statistics import Interval

if TYPE_CHECKING:
    from engine.sprinter.cards import GateCard

_ENDS = (0.0, 1.08, -0.02, 1.12)


class ReliabilityPlot(QWidget):
    """A point for each range of the probability, its interval, and how many tokens it is of."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._card: GateCard | None = None
        self.plane = Plane(
            self.tr("Reliability"), (self.tr("stated probability"), self.tr("accepted")),
            "", self.tr("Not kept: train the gate again."), self,
            table=self.table, note=lambda: "" if self._card is None else words.of_card(self._card), shares=BOTH,
        )  # fmt: skip
        self.plane.widget.setToolTip(
            self.tr("Intervals are Wilson's, as if tokens of one text knew nothing of each other. Right-click exports.")
        )
        self.plane.show_line((0.0, 1.0), (0.0, 1.0))
        self.threshold = pg.InfiniteLine(angle=90, movable=False)
        self.plane.plot.addItem(self.threshold)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plane)
        self.show_card(None)
        self._recolour()

    def show_card(self, card: "GateCard | None") -> None:
        """Show the ranges of a gate; None: of none."""
        self._card = card
        bins = () if card is None else card.reliability
        self.plane.show_spots([_spot(each) for each in bins], ends=_ENDS)
        if card is not None and not bins:
            not_kept = self.tr("This gate was trained before its reliability was kept: train it again.")
            self.plane.caption.show_text(not_kept, self.tr("Not kept: train the gate again."))
        else:
            self.plane.caption.show_text(
                self.tr("■ with its tokens and 95 % interval; dashed: taken at its word; upright: the threshold"),
                self.tr("■ tokens and 95 % interval  ╌ at its word  ┆ threshold"),
                self.tr("■ tokens  ╌ at its word  ┆ threshold"), self.tr("╌ at its word  ┆ threshold"),
            )  # fmt: skip
        self.plane.line.setVisible(bool(bins))
        self.threshold.setVisible(bool(bins))
        self.plane.words.setVisible(card is not None and not bins)

    def show_threshold(self, threshold: float) -> None:
        """Mark the threshold: what is right of it is accepted."""
        self.threshold.setValue(threshold)

    def table(self) -> Table:
        """The content of a CSV file: a row a range."""
        bins = () if self._card is None else self._card.reliability
        reaches = [_reach(each) for each in bins]
        series = (
            (self.tr("stated"), [each.predicted for each in bins]),
            (self.tr("accepted"), [each.observed for each in bins]),
            (self.tr("low"), [reach.low for reach in reaches]), (self.tr("high"), [reach.high for reach in reaches]),
            ("n", [each.n for each in bins]),
        )  # fmt: skip
        notes = (self.tr("Reliability of a gate"), "" if self._card is None else words.of_card(self._card))
        return Table(notes, tuple(Column(name, np.array(values, dtype=np.float64)) for name, values in series))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()

    def _recolour(self) -> None:
        self.threshold.setPen(pg.mkPen(theme.current().text, width=1.5, style=Qt.PenStyle.DotLine))


def _spot(each: ReliabilityBin) -> Spot:
    reach = _reach(each)
    along = max(0.0, each.observed - reach.low), max(0.0, reach.high - each.observed)
    return Spot(f"{each.n:,}", MARKS["sprinter"], each.predicted, each.observed, along=along)


def _reach(each: ReliabilityBin) -> Interval:
    return statistics.wilson_interval(min(1.0, max(0.0, each.observed)), each.n)
