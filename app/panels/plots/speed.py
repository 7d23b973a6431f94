"""Panel: tokens a second as they come, against plain decoding as it was measured in the same run."""

from collections.abc import Sequence
from statistics import median

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import top_of
from app.plots.curve import Curve
from app.plots.export import Column
from app.plots.panel import PlotPanel, tr
from app.state.store import RunStore
from app.words import quantities
from engine.events import Event, Lane, RoundFinished
from engine.runs.summary import Summary
from engine.speed_model import median_interval

_FIRST_TOP = 100.0


class SpeedPlot(PlotPanel):
    """Running tokens a second of the first pass; a level line for the median of the timed blocks of each lane.

    The speedup compares those medians: the first pass also warms up, and the window draws beside it."""

    turn = 1

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Speed"),
            caption=tr("Tokens a second so far, prefill apart; high is good."),
            axis=tr("tokens/s"),
            bottom=tr("round"),
            keys=(
                ("━", tr("first pass"), "accent"),
                ("╍", tr("median"), "accent"),
                ("┈", tr("plain"), "muted"),
            ),
            empty=tr("Tokens a second appear with the first round, prefill left out."),
        )
        self.speed = Curve(self.plot)
        self.plain_band = pg.LinearRegionItem(orientation="horizontal", movable=False)
        self.plain = pg.InfiniteLine(angle=0, movable=False)
        self.plot.addItem(self.plain_band)
        self.plot.addItem(self.plain)
        self.median = pg.InfiniteLine(angle=0, movable=False)
        self.plot.addItem(self.median)
        self.tell_keys((
            tr("This run as its text was written, round after round."),
            tr("The same drafting, timed again after the text: the median of its blocks. The figures state this one."),
            tr("Plain decoding, timed between those blocks: the median, with its 95 % interval from three on."),
        ))  # fmt: skip
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Start from an empty plot."""
        self._n_emitted, self._ms, self._n_blocks = 0, 0.0, 0
        self._top = _FIRST_TOP
        self.speed.clear()
        self.plain.setVisible(False)
        self.plain_band.setVisible(False)
        self.median.setVisible(False)
        self.set_span(Summary(), self._top)
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append a point a round; place the level line when a block was measured."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        more_blocks = len(summary.blocks) != self._n_blocks
        if rounds:
            self._append(rounds)
        if more_blocks:
            self._n_blocks = len(summary.blocks)
            self._show_medians(summary)
        if rounds or more_blocks:
            levels = [line.value() for line in (self.plain, self.median) if line.isVisible()]
            usual = [self.speed.usual_most()] if len(self.speed.x) else []
            self._top = top_of([*usual, *levels], least=10.0, now=self._top)
        self.set_span(summary, self._top)
        self.caption.show_text(self._story(summary))
        self.say_empty(summary, empty=not len(self.speed.x))

    def _append(self, rounds: Sequence[RoundFinished]) -> None:
        speeds: list[float] = []
        for event in rounds:
            self._n_emitted += len(event.emitted)
            self._ms += event.draft_ms + event.verify_ms + event.other_ms
            speeds.append(1e3 * self._n_emitted / max(self._ms, 1e-9))
        self.speed.extend([event.round for event in rounds], speeds)
        self.speed.show()

    def _show_medians(self, summary: Summary) -> None:
        """The median of each lane's blocks, of the plain ones from three on its interval too."""
        ours, plain = _times(summary, "speculative"), _times(summary, "plain")
        for line, times in ((self.median, ours), (self.plain, plain)):
            line.setVisible(bool(times))
            if times:
                line.setValue(1e3 / median(times))
        interval = median_interval(plain)
        self.plain_band.setVisible(interval is not None)
        if interval is not None:
            self.plain_band.setRegion((1e3 / interval.high, 1e3 / interval.low))

    def _story(self, summary: Summary) -> str:
        if summary.speedup is None:
            return self._waiting(summary)
        speedup, n = quantities.times(summary.speedup), len(summary.pair_speedups)
        if summary.speedup_ci is None:
            return quantities.counted(
                n, tr("{0} plain decoding, one repeat"), tr("{0} plain, median of {1} repeats")
            ).format(speedup, n)
        return tr("{0} plain [{2:.2f}, {3:.2f}], median of {1} repeats").format(speedup, n, *summary.speedup_ci)

    def _waiting(self, summary: Summary) -> str:
        if summary.method == "plain" or summary.state == "idle":
            return tr("Tokens a second so far, prefill apart; high is good.")
        return quantities.no_baseline(summary, self.store.started)

    def reading(self, at: int) -> str | None:
        """The speed up to a round."""
        speed = self.speed.at(at)
        return None if speed is None else tr("{0}: {1:,.0f} tokens/s so far").format(at + 1, speed)

    def columns(self) -> tuple[Column, ...]:
        """The speed a round, and the measured baseline beside it."""
        again, plain = (line.value() if line.isVisible() else np.nan for line in (self.median, self.plain))
        n = len(self.speed.x)
        return (
            Column(tr("round"), self.speed.x + 1), Column(tr("speed so far (tokens/s)"), self.speed.y),
            Column(tr("blocks, median (tokens/s)"), np.full(n, again)),
            Column(tr("plain decoding, median (tokens/s)"), np.full(n, plain)),
        )  # fmt: skip

    def paint_items(self, colours: theme.Colours) -> None:
        """Solid for the first pass, dashed for the blocks, dotted for plain decoding, a tint for the interval."""
        self.speed.item.setPen(pg.mkPen(colours.accent, width=2))
        self.median.setPen(pg.mkPen(colours.accent, width=2, style=Qt.PenStyle.DashLine))
        self.plain.setPen(pg.mkPen(colours.muted, width=2, style=Qt.PenStyle.DotLine))
        tint = QColor(colours.muted)
        tint.setAlphaF(0.25)
        self.plain_band.setBrush(tint)
        for edge in self.plain_band.lines:
            edge.setPen(pg.mkPen(None))


def _times(summary: Summary, lane: Lane) -> list[float]:
    """Milliseconds a token of the timed blocks of a lane."""
    return [block.ms_per_token for block in summary.paired(lane) if block.ms_per_token > 0]
