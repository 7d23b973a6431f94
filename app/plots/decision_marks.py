"""Marks on a plot over rounds where a policy changed the draft length: small triangles on the axis of rounds."""

from bisect import bisect_right
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtGui import QColor

from app import theme
from app.words import policies
from engine.events import Event, PolicyDecided

_SIZE = 8
# More than these lie on top of each other; every 2nd, 4th, ... is drawn then.
MOST_DRAWN = 64


class DecisionMarks:
    """Keeps the decisions of the run on show, and draws them."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self.decisions: list[PolicyDecided] = []
        self._rounds: list[int] = []
        self.item = pg.ScatterPlotItem(symbol="t1", size=_SIZE, pen=None)
        self.item.setZValue(5)
        plot.addItem(self.item)

    def clear(self) -> None:
        """Forget all of them."""
        self.decisions.clear()
        self._rounds.clear()
        self.item.setData([], [])

    def take(self, new: Sequence[Event]) -> None:
        """Add the decisions among new events."""
        decisions = [event for event in new if isinstance(event, PolicyDecided)]
        if not decisions:
            return
        self.decisions += decisions
        self._rounds += [event.round for event in decisions]
        stride = 1
        while len(self._rounds) > stride * MOST_DRAWN:
            stride *= 2
        drawn = self._rounds[::-stride][::-1]
        self.item.setData(drawn, [0.0] * len(drawn))

    def at(self, number: int) -> PolicyDecided | None:
        """The decision that took effect in a round."""
        index = bisect_right(self._rounds, number) - 1
        return self.decisions[index] if index >= 0 and self._rounds[index] == number else None

    def with_decision(self, text: str, number: int) -> str:
        """A reading of a round, with the decision that took effect there."""
        event = self.at(number)
        return text if event is None else f"{text} · {policies.change(event)}"

    def paint(self, colours: theme.Colours) -> None:
        """Colour the marks."""
        self.item.setBrush(QColor(colours.text))
