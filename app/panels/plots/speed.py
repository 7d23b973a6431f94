"""Panel: running tokens per second, compared with plain decoding measured in the same run."""

from collections.abc import Sequence

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
from app.words import quantities, speedups
from engine.events import Event, Lane, RoundFinished
from engine.runs.summary import Summary
from engine.statistics import RatioEstimate, median_estimate

_FIRST_TOP = 100.0


class SpeedPlot(PlotPanel):
    """Running tokens per second of the first pass, and a horizontal line at the median of each lane's timed blocks.

    The speedup is their quotient: the first pass also warms up, and the window draws meanwhile."""

    turn = 1

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Speed"),
            caption=tr("Tokens a second, prefill apart; high is good."),
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
            tr("Plain decoding, timed between those blocks: the median, its range, and from ten blocks on its 95 %."),
        ))  # fmt: skip
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Empty the plot."""
        self.decision_marks.clear()
        self._n_emitted, self._ms, self._n_blocks = 0, 0.0, 0
        self._top = _FIRST_TOP
        self.speed.clear()
        self.plain.setVisible(False)
        self.plain_band.setVisible(False)
        self.median.setVisible(False)
        self.set_span(Summary(), self._top)
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append one point per round; move the horizontal lines when a block was measured."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        self.decision_marks.take(new)
        has_new_blocks = len(summary.blocks) != self._n_blocks
        if rounds:
            self._append(rounds)
        if has_new_blocks:
            self._n_blocks = len(summary.blocks)
            self._show_medians(summary)
        if rounds or has_new_blocks:
            levels = [line.value() for line in (self.plain, self.median) if line.isVisible()]
            typical_top = [self.speed.usual_most()] if len(self.speed.x) else []
            self._top = top_of([*typical_top, *levels], least=10.0, now=self._top)
        self.set_span(summary, self._top)
        self.caption.show_text(self._caption_text(summary))
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
        """Show the median of each lane's blocks, and the interval or range of the plain ones."""
        drafted, plain = _typical(summary, "speculative"), _typical(summary, "plain")
        for line, typical in ((self.median, drafted), (self.plain, plain)):
            line.setVisible(typical is not None)
            if typical is not None:
                line.setValue(1e3 / typical.value)
        ends = None if plain is None else speedups.ends(plain)
        self.plain_band.setVisible(ends is not None)
        if ends is not None:
            self.plain_band.setRegion((1e3 / ends.high, 1e3 / ends.low))

    def _caption_text(self, summary: Summary) -> str:
        estimate = summary.measured_speedup
        if estimate is None:
            return self._waiting_text(summary)
        return tr("{0} plain: {1}").format(quantities.times(estimate.value), speedups.spread(estimate))

    def _waiting_text(self, summary: Summary) -> str:
        if summary.method == "plain" or summary.state == "idle":
            return tr("Tokens a second, prefill apart; high is good.")
        return quantities.no_baseline(summary, self.store.started)

    def reading(self, at: int) -> str | None:
        """The speed up to a round."""
        speed = self.speed.at(at)
        return None if speed is None else tr("{0}: {1:,.0f} tokens/s so far").format(at + 1, speed)

    def columns(self) -> tuple[Column, ...]:
        """The speed per round, and the medians of the timed blocks."""
        median_speed, plain_speed = (line.value() if line.isVisible() else np.nan for line in (self.median, self.plain))
        n = len(self.speed.x)
        return (
            Column(tr("round"), self.speed.x + 1), Column(tr("speed so far (tokens/s)"), self.speed.y),
            Column(tr("blocks, median (tokens/s)"), np.full(n, median_speed)),
            Column(tr("plain decoding, median (tokens/s)"), np.full(n, plain_speed)),
        )  # fmt: skip

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint the first pass solid, the blocks dashed, plain decoding dotted and its interval as a tint."""
        self.speed.item.setPen(pg.mkPen(colours.accent, width=2))
        self.median.setPen(pg.mkPen(colours.accent, width=2, style=Qt.PenStyle.DashLine))
        self.plain.setPen(pg.mkPen(colours.muted, width=2, style=Qt.PenStyle.DotLine))
        tint = QColor(colours.muted)
        tint.setAlphaF(0.25)
        self.plain_band.setBrush(tint)
        for edge in self.plain_band.lines:
            edge.setPen(pg.mkPen(None))


def _typical(summary: Summary, lane: Lane) -> RatioEstimate | None:
    """Milliseconds per token of a lane's timed blocks, with what they vary between; None before the first."""
    times = [block.ms_per_token for block in summary.paired(lane) if block.ms_per_token > 0]
    return median_estimate(times) if times else None
