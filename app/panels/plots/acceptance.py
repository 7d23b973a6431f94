"""Panel: the acceptance rate as it settles over the rounds, with its 95 % interval."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QHideEvent
from PySide6.QtWidgets import QWidget

from app import theme
from app.curve import Curve
from app.plot_export import Column
from app.plot_panel import PlotPanel, tr
from app.store import RunStore
from engine.events import Event, RoundFinished
from engine.speed_model import Interval, ratio_interval
from engine.summary import Summary

_INTERVAL_EVERY_MS = 500
_LEAST_ROUNDS_BETWEEN = 4
_GROWTH_BETWEEN = 1.15
# The band is drawn anew once the line is so much farther.
_LAG = 1.03

# How many rounds accepted and tested so many tokens: all that the interval depends on.
_Kinds = dict[tuple[int, int], int]


class AcceptancePlot(PlotPanel):
    """Running alpha, and its interval at rounds that lie ever farther apart: each costs a bootstrap."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Acceptance rate"),
            caption=tr("Accepted ÷ tested; high and narrow is good."),
            axis="α",
            bottom=tr("round"),
            keys=(("━", tr("α"), "accepted"), ("▒", tr("95 %"), "accepted")),
            empty=tr("α appears with the first tested token."),
            undrafted=tr("Plain decoding proposes nothing, so there is nothing to accept."),
        )
        self._low = Curve(self.plot)
        self._high = Curve(self.plot)
        self._band = pg.FillBetweenItem(self._low.item, self._high.item)
        self.plot.addItem(self._band)
        self.alpha = Curve(self.plot)
        self._next_interval = QTimer(self)
        self._next_interval.setSingleShot(True)
        self._next_interval.timeout.connect(self._add_interval)
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Start from an empty plot."""
        self._n_accepted = self._n_tested = self._n_rounds = self._next_due = 0
        self._kinds: Counter[tuple[int, int]] = Counter()
        self._due: dict[int, _Kinds] = {}
        self._intervals: dict[int, Interval] = {}
        self._last_round, self._band_end = 0, 0.0
        self._next_interval.stop()
        for curve in (self.alpha, self._low, self._high):
            curve.clear()
        self.set_span(0, 1.0)
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append a point a round; intervals follow in their own time."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        if rounds:
            self._append(rounds)
            self.alpha.show()
            if float(self._last_round) > _LAG * self._band_end:
                self._show_band()
            self.set_span(summary.n_rounds, 1.0)
        self.say_empty(summary, empty=not self._n_tested)
        ended = summary.state in ("finished", "failed") and self._n_rounds == summary.n_rounds
        if ended and self._n_tested and self._last_round not in self._intervals:
            self._due[self._last_round] = dict(self._kinds)
        if self._due and not self._next_interval.isActive():
            self._next_interval.start(self._wait_ms())

    def _append(self, rounds: Sequence[RoundFinished]) -> None:
        at: list[float] = []
        alphas: list[float] = []
        for event in rounds:
            fates = [token.fate for token in event.proposed]
            accepted = fates.count("accepted")
            tested = accepted + fates.count("rejected")
            self._n_accepted += accepted
            self._n_tested += tested
            self._n_rounds += 1
            self._kinds[accepted, tested] += 1
            self._last_round = event.round
            if self._n_tested:
                at.append(event.round)
                alphas.append(self._n_accepted / self._n_tested)
            if self._n_tested and self._n_rounds >= self._next_due:
                self._next_due = max(self._n_rounds + _LEAST_ROUNDS_BETWEEN, int(self._n_rounds * _GROWTH_BETWEEN))
                self._due[event.round] = dict(self._kinds)
        self.alpha.extend(at, alphas)

    def _wait_ms(self) -> int:
        """While the engine works intervals are rare; afterwards those left out follow at once."""
        return _INTERVAL_EVERY_MS if self.store.busy else 0

    def _add_interval(self) -> None:
        """Compute the newest interval that is due, then the ones before it."""
        at, kinds = self._due.popitem()
        interval = ratio_interval(
            [accepted for accepted, _ in kinds], [tested for _, tested in kinds], list(kinds.values())
        )
        if interval is not None:
            self._intervals[at] = interval
            self._show_band()
        if self._due:
            self._next_interval.start(self._wait_ms())

    def _show_band(self) -> None:
        """Draw the intervals, the last one up to the newest round."""
        known = sorted(self._intervals.items())
        if not known:
            return
        at, bounds = [float(x) for x, _ in known], [interval for _, interval in known]
        self._band_end = max(at[-1], float(self.alpha.x[-1]))
        at, bounds = [*at, self._band_end], [*bounds, bounds[-1]]
        for curve, values in ((self._low, [b.low for b in bounds]), (self._high, [b.high for b in bounds])):
            curve.replace(at, values)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """What is hidden computes nothing."""
        self._next_interval.stop()
        super().hideEvent(event)

    def reading(self, at: int) -> str | None:
        """Alpha up to a round."""
        alpha = self.alpha.at(at)
        return None if alpha is None else tr("round {0}: α {1:.3f}").format(at, alpha)

    def columns(self) -> tuple[Column, ...]:
        """Alpha a round, and the interval where it was computed."""
        low, high = (np.full(len(self.alpha.x), np.nan) for _ in range(2))
        for at, interval in self._intervals.items():
            place = np.searchsorted(self.alpha.x, at)
            if place < len(low):
                low[place], high[place] = interval
        return (
            Column(tr("round"), self.alpha.x), Column(tr("alpha (share)"), self.alpha.y),
            Column(tr("95 % low (share)"), low), Column(tr("95 % high (share)"), high),
        )  # fmt: skip

    def paint_items(self, colours: theme.Colours) -> None:
        """The line in the colour of accepted tokens, the band a tint of it."""
        tint = QColor(colours.accepted)
        tint.setAlphaF(0.22)
        self._band.setBrush(tint)
        self.alpha.item.setPen(pg.mkPen(colours.accepted, width=2))
        for curve in (self._low, self._high):
            curve.item.setPen(pg.mkPen(tint))
