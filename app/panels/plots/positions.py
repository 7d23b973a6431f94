"""Panel: how often a token is accepted at each place of the draft."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app import theme
from app.plot_export import Column
from app.plot_panel import PlotPanel, tr
from app.selection import Selection
from app.store import RunStore
from engine.events import Event
from engine.summary import Position, Summary

_LEAST_PLACES = 4
_MOST_TICKS = 8
# The end of the axis is left to its label.
_ROOM_FOR_LABEL = 1.3


class PositionsPlot(PlotPanel):
    """A bar a position: accepted over tested there. Tokens after a rejection were not tested and do not count."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Acceptance by position"),
            caption=tr("Accepted ÷ tested at each place of the draft."),
            axis=tr("share"),
            bottom=tr("place"),
            empty=tr("A bar for each place of the draft appears with the first tested token. Level bars are good."),
            undrafted=tr("Plain decoding proposes nothing, so no place has a share."),
        )
        self.bars = pg.BarGraphItem(x=[], height=[], width=0.7)
        self.plot.addItem(self.bars)
        self.heights: tuple[float, ...] = ()
        self._tested: tuple[Position, ...] = ()
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Start from an empty plot."""
        self._tested = ()
        self._show(())
        self._set_places(_LEAST_PLACES)
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Set the bars; there are as many as a draft is long."""
        self._tested = tuple(position for position in summary.positions if position.n_tested)
        self._show(tuple(position.n_accepted / position.n_tested for position in self._tested))
        self.say_empty(summary, empty=not self.heights)

    def mark(self, selection: Selection | None) -> None:
        """Positions are not rounds: there is nothing to mark."""

    def reading(self, at: int) -> str | None:
        """The share at a place and its counts."""
        if not 1 <= at <= len(self._tested):
            return None
        position = self._tested[at - 1]
        share = position.n_accepted / position.n_tested
        return tr("place {0}: {1:.2f}, {2:,} of {3:,}").format(at, share, position.n_accepted, position.n_tested)

    def columns(self) -> tuple[Column, ...]:
        """Counts and share a place."""
        return (
            Column(tr("place in the draft"), np.arange(1.0, len(self._tested) + 1)),
            Column(tr("accepted (tokens)"), np.array([float(position.n_accepted) for position in self._tested])),
            Column(tr("tested (tokens)"), np.array([float(position.n_tested) for position in self._tested])),
            Column(tr("accepted (share)"), np.array(self.heights)),
        )

    def paint_items(self, colours: theme.Colours) -> None:
        """The colour of accepted tokens."""
        self.bars.setOpts(brush=QColor(colours.accepted), pen=pg.mkPen(colours.window))

    def _select(self, number: int) -> None:
        """A place is not a round: there is nothing to select."""

    def _show(self, heights: tuple[float, ...]) -> None:
        if heights == self.heights:
            return
        more = len(heights) != len(self.heights)
        self.heights = heights
        self.bars.setOpts(x=list(range(1, len(heights) + 1)), height=list(heights), width=0.7)
        if more:
            self._set_places(max(_LEAST_PLACES, len(heights)))

    def _set_places(self, n: int) -> None:
        every = -(-n // _MOST_TICKS)
        self.plot.getAxis("bottom").setTicks([[(place, str(place)) for place in range(every, n + 1, every)]])
        self.set_range(0.4, _ROOM_FOR_LABEL * n + 0.6, 1.0)
