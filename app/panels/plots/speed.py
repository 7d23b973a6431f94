"""Panel: tokens a second as they come, against plain decoding as it was measured in the same run."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app import theme, words
from app.curve import Curve
from app.plot_export import Column
from app.plot_panel import PlotPanel, top_of, tr
from app.store import RunStore
from engine.events import Event, RoundFinished
from engine.speed_model import median_interval
from engine.summary import Summary

_FIRST_TOP = 100.0


class SpeedPlot(PlotPanel):
    """Running tokens a second of decoding; a level line and its interval for plain decoding once it was measured."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Speed"),
            caption=tr("Plain decoding is measured after the text."),
            axis=tr("tokens/s"),
            bottom=tr("round"),
            keys=(("━", tr("this run"), "accent"), ("╍", tr("plain, median"), "muted")),
            empty=tr("Tokens a second appear with the first round, prefill left out."),
        )
        self.speed = Curve(self.plot)
        self.plain_band = pg.LinearRegionItem(orientation="horizontal", movable=False)
        self.plain = pg.InfiniteLine(angle=0, movable=False)
        self.plot.addItem(self.plain_band)
        self.plot.addItem(self.plain)
        self._measuring = self.caption.text()
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Start from an empty plot."""
        self._n_emitted, self._ms, self._n_blocks = 0, 0.0, 0
        self._top = _FIRST_TOP
        self.speed.clear()
        self.plain.setVisible(False)
        self.plain_band.setVisible(False)
        self.caption.setText(self._measuring)
        self.set_span(0, self._top)
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append a point a round; place the level line when a block was measured."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        more_blocks = len(summary.blocks) != self._n_blocks
        if rounds:
            self._append(rounds)
        if more_blocks:
            self._n_blocks = len(summary.blocks)
            self._show_plain(summary)
        if rounds or more_blocks:
            plain_ms = summary.baseline_ms_per_token
            levels = [1e3 / plain_ms] if plain_ms else []
            usual = [self.speed.usual_most()] if len(self.speed.x) else []
            self._top = top_of([*usual, *levels], least=10.0, now=self._top)
            self.set_span(summary.n_rounds, self._top)
        self.say_empty(summary, empty=not len(self.speed.x))

    def _append(self, rounds: Sequence[RoundFinished]) -> None:
        speeds: list[float] = []
        for event in rounds:
            self._n_emitted += len(event.emitted)
            self._ms += event.draft_ms + event.verify_ms + event.other_ms
            speeds.append(1e3 * self._n_emitted / max(self._ms, 1e-9))
        self.speed.extend([event.round for event in rounds], speeds)
        self.speed.show()

    def _show_plain(self, summary: Summary) -> None:
        """The median of the plain blocks, from three on its interval too, and what it makes of the speedup."""
        plain_ms = summary.baseline_ms_per_token
        self.plain.setVisible(bool(plain_ms))
        if plain_ms:
            self.plain.setValue(1e3 / plain_ms)
        times = [block.ms_per_token for block in summary.blocks if block.lane == "plain" and block.ms_per_token > 0]
        interval = median_interval(times)
        self.plain_band.setVisible(interval is not None)
        if interval is not None:
            self.plain_band.setRegion((1e3 / interval.high, 1e3 / interval.low))
        if summary.speedup is not None:
            self.caption.setText(self._story(summary))

    def _story(self, summary: Summary) -> str:
        speedup, interval = words.times(summary.speedup), summary.speedup_ci
        if interval is None:
            return tr("{0} the speed of plain decoding, interval to come.").format(speedup)
        return tr("{0} plain decoding, 95 % in [{1:.2f}, {2:.2f}].").format(speedup, *interval)

    def reading(self, at: int) -> str | None:
        """The speed up to a round."""
        speed = self.speed.at(at)
        return None if speed is None else tr("round {0}: {1:,.0f} tokens/s").format(at, speed)

    def columns(self) -> tuple[Column, ...]:
        """The speed a round, and the measured baseline beside it."""
        plain = self.plain.value() if self.plain.isVisible() else np.nan
        return (
            Column(tr("round"), self.speed.x), Column(tr("speed so far (tokens/s)"), self.speed.y),
            Column(tr("plain decoding, median (tokens/s)"), np.full(len(self.speed.x), plain)),
        )  # fmt: skip

    def paint_items(self, colours: theme.Colours) -> None:
        """Solid for the run, dashed for plain decoding, a tint for the interval."""
        self.speed.item.setPen(pg.mkPen(colours.accent, width=2))
        self.plain.setPen(pg.mkPen(colours.muted, width=2, style=Qt.PenStyle.DashLine))
        tint = QColor(colours.muted)
        tint.setAlphaF(0.25)
        self.plain_band.setBrush(tint)
        for edge in self.plain_band.lines:
            edge.setPen(pg.mkPen(None))
