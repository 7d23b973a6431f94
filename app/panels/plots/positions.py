"""Panel: how often a token is accepted at each position of the draft."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.export import Column
from app.plots.panel import PlotPanel, tr
from app.state.selection import Selection
from app.state.store import RunStore
from engine.events import Event
from engine.runs.round_counts import Position
from engine.runs.summary import Summary

# The axis is at least as long as for so many positions, or a single bar would fill the plot.
_MIN_PLACES = 4
_MAX_TICKS = 8
# Space left at the end of the axis for its label, and above the bars for their counts, as shares.
_ROOM_FOR_LABEL, _ROOM_FOR_COUNT = 1.3, 0.25
# With fewer tested tokens, a share is unreliable.
_MIN_TESTED = 10


class PositionsPlot(PlotPanel):
    """One bar per position: accepted over tested tokens. Tokens after a rejection are untested and do not count."""

    turn = 2

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Acceptance by position"),
            caption=tr("Accepted ÷ tested; hatched: under {0} tested.").format(_MIN_TESTED),
            axis=tr("share"),
            bottom=tr("position"),
            empty=tr("A bar for each position of the draft appears with the first tested token. Level bars are good."),
            undrafted=tr("Plain decoding proposes nothing, so no position has a share."),
        )
        self.bars = pg.BarGraphItem(x=[], height=[], width=0.7)
        self.plot.addItem(self.bars)
        self.counts: list[pg.TextItem] = []
        self.heights: tuple[float, ...] = ()
        self._positions: tuple[tuple[int, Position], ...] = ()
        self._n_places: int | None = None
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Empty the plot."""
        self._set_positions(())
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Set the bars, one per position of the draft; one that no round tested has none, and keeps its number."""
        tested = [place for place in enumerate(summary.positions, start=1) if place[1].n_tested]
        self._set_positions(tuple(tested))
        self.say_empty(summary, empty=not self.heights)

    def mark(self, selection: Selection | None) -> None:
        """Mark nothing: positions are not rounds."""

    def reading(self, at: int) -> str | None:
        """The share at a position, with its counts."""
        position = dict(self._positions).get(at)
        if position is None:
            return None
        share = position.n_accepted / position.n_tested
        return tr("position {0}: {1:.2f}, {2:,} of {3:,}").format(at, share, position.n_accepted, position.n_tested)

    def columns(self) -> tuple[Column, ...]:
        """Counts and share per position."""
        return (
            Column(tr("position in the draft"), np.array([float(number) for number, _ in self._positions])),
            Column(tr("accepted (tokens)"), np.array([float(each.n_accepted) for _, each in self._positions])),
            Column(tr("tested (tokens)"), np.array([float(each.n_tested) for _, each in self._positions])),
            Column(tr("accepted (share)"), np.array(self.heights)),
        )

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint the bars in the colour of accepted tokens, hatched where few tokens were tested."""
        solid = QBrush(QColor(colours.accepted))
        hatched = QBrush(QColor(colours.accepted), Qt.BrushStyle.BDiagPattern)
        brushes = [hatched if position.n_tested < _MIN_TESTED else solid for _, position in self._positions]
        self.bars.setOpts(brushes=brushes or None, brush=solid, pen=pg.mkPen(colours.accepted))
        for count in self.counts:
            count.setColor(colours.muted)

    def _select(self, number: int) -> None:
        """Select nothing: positions are not rounds."""

    def _set_positions(self, tested: tuple[tuple[int, Position], ...]) -> None:
        if tested == self._positions and self._n_places is not None:
            return
        self._positions = tested
        self.heights = tuple(position.n_accepted / position.n_tested for _, position in tested)
        # Hidden first: what is painted now would stay where the bars get fewer.
        self.bars.setVisible(False)
        self.bars.setOpts(x=[number for number, _ in tested], height=list(self.heights), width=0.7)
        self.paint_items(theme.current())
        self.bars.setVisible(bool(tested))
        self._set_places(max((number for number, _ in tested), default=0))
        self._show_counts()

    def _show_counts(self) -> None:
        """Show the number of tested tokens above each bar that has a tick."""
        step = _tick_step(self._n_places or 0)
        labelled = [(number, position) for number, position in self._positions if number % step == 0]
        while len(self.counts) < len(labelled):
            count = pg.TextItem(color=theme.current().muted, anchor=(0.5, 1.0))
            count.setFont(self.font())
            self.plot.addItem(count)
            self.counts.append(count)
        for count in self.counts[len(labelled) :]:
            count.setVisible(False)
        for count, (number, position) in zip(self.counts, labelled, strict=False):
            count.setText(f"{position.n_tested:,}")
            count.setPos(number, position.n_accepted / position.n_tested)
            count.setVisible(True)

    def _set_places(self, n: int) -> None:
        """Number the positions up to the last that was tested; there is none beyond it."""
        if n == self._n_places:
            return
        self._n_places, step = n, _tick_step(n)
        self.plot.getAxis("bottom").setTicks([[(place, str(place)) for place in range(step, n + 1, step)]])
        self.set_range(0.4, _ROOM_FOR_LABEL * max(_MIN_PLACES, n) + 0.6, 1.0, headroom=_ROOM_FOR_COUNT)


def _tick_step(n: int) -> int:
    """The distance between ticks on an axis of n places."""
    return max(1, -(-n // _MAX_TICKS))
