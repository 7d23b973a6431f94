"""Panel: the running acceptance rate over the rounds, with its 95 % interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.curve import Curve
from app.plots.export import Column
from app.plots.panel import PlotPanel, tr
from app.state.store import RunStore
from engine.events import Event, RoundFinished
from engine.runs.summary import Summary
from engine.statistics import Interval, RatioSums, running_interval


class _Band(pg.FillBetweenItem):  # type: ignore[misc]  # the library has no types
    """A fill computed once per drawing instead of once for each of its two edges."""

    def curveChanged(self) -> None:  # noqa: N802 (the library's name)
        """Do nothing: the panel calls `updatePath` once both edges are up to date."""


class _Overlap(NamedTuple):
    """Sum of the overlaps of p and q over drafted positions, for rounds whose tokens are judged together."""

    sum: float = 0.0
    n: int = 0

    def plus(self, event: RoundFinished) -> "_Overlap":
        """With those of one more round."""
        return _Overlap(self.sum + sum(token.overlap for token in event.proposed), self.n + len(event.proposed))


class AcceptancePlot(PlotPanel):
    """Running alpha and its interval per round, from running sums; the last is that of the metrics panel."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Acceptance rate α"),
            caption=tr("Accepted ÷ tested; high and narrow is good."),
            axis="α",
            bottom=tr("round"),
            keys=(("━", tr("α"), "accepted"), ("▒", tr("95 %"), "accepted")),
            empty=tr("α appears with the first tested token."),
            undrafted=tr("Plain decoding proposes nothing, so there is nothing to accept."),
        )
        self.low = Curve(self.plot)
        self.high = Curve(self.plot)
        self._band = _Band(self.low.item, self.high.item)
        self.plot.addItem(self._band)
        self.alpha = Curve(self.plot)
        self.tell_keys([tr("Accepted ÷ tested so far; of blocks the overlap of p and q."), tr("Its 95 % interval.")])
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Empty the plot."""
        self.decision_marks.clear()
        self._sums, self._overlap = RatioSums(), _Overlap()
        for curve in (self.alpha, self.low, self.high):
            curve.clear()
        self._band.updatePath()
        self.set_span(Summary(), 1.0)
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append one point and its interval per round."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        self.decision_marks.take(new)
        if rounds:
            self._append(rounds)
            for curve in (self.alpha, self.low, self.high):
                curve.show()
            self._band.updatePath()
        self.set_span(summary, 1.0)
        self.say_empty(summary, empty=not len(self.alpha.x))

    def _append(self, rounds: Sequence[RoundFinished]) -> None:
        numbers: list[float] = []
        alphas: list[float] = []
        intervals: list[tuple[float, Interval]] = []
        for event in rounds:
            if any(token.prefix_prob is not None for token in event.proposed):
                self._overlap = self._overlap.plus(event)
                numbers.append(event.round)
                alphas.append(self._overlap.sum / self._overlap.n)
                continue
            self._sums = self._sums.plus(event.n_accepted, event.n_tested)
            if not self._sums.tested:
                continue
            numbers.append(event.round)
            alphas.append(self._sums.accepted / self._sums.tested)
            if (interval := running_interval(self._sums)) is not None:
                intervals.append((event.round, interval))
        self.alpha.extend(numbers, alphas)
        self.low.extend([x for x, _ in intervals], [interval.low for _, interval in intervals])
        self.high.extend([x for x, _ in intervals], [interval.high for _, interval in intervals])

    def reading(self, at: int) -> str | None:
        """Alpha up to a round, with its interval."""
        alpha, low, high = self.alpha.at(at), self.low.at(at), self.high.at(at)
        if alpha is None:
            return None
        if low is None or high is None:
            return tr("{0}: α {1:.3f}").format(at + 1, alpha)
        return tr("{0}: α {1:.3f} [{2:.2f}, {3:.2f}]").format(at + 1, alpha, low, high)

    def columns(self) -> tuple[Column, ...]:
        """Alpha per round and its interval, which starts with the tenth round that tested a token."""
        low, high = (np.full(len(self.alpha.x), np.nan) for _ in range(2))
        if n := len(self.low.y):
            low[-n:], high[-n:] = self.low.y, self.high.y
        return (
            Column(tr("round"), self.alpha.x + 1), Column(tr("alpha (share)"), self.alpha.y),
            Column(tr("95 % low (share)"), low), Column(tr("95 % high (share)"), high),
        )  # fmt: skip

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint the line in the colour of accepted tokens and the band in a tint of it."""
        tint = QColor(colours.accepted)
        tint.setAlphaF(0.22)
        self._band.setBrush(tint)
        self.alpha.item.setPen(pg.mkPen(colours.accepted, width=2))
        for curve in (self.low, self.high):
            curve.item.setPen(pg.mkPen(tint))
