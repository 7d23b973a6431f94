"""Panel: the time of each round, stacked by phase."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import top_of
from app.plots.curve import Curve
from app.plots.export import Column
from app.plots.panel import PlotPanel, tr
from app.state.store import RunStore
from engine.events import Event, RoundFinished
from engine.runs.summary import Summary

_FIRST_TOP_MS = 10.0


class LatencyPlot(PlotPanel):
    """Drafting at the bottom, verification above it, the rest on top; the top line is the time of the round."""

    turn = 1

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Time per round"),
            caption=tr("Stacked; little drafting beside verifying is good."),
            axis="ms",
            bottom=tr("round"),
            keys=(("■", tr("draft"), "rejected"), ("■", tr("verify"), "bar_p"), ("■", tr("other"), "muted")),
            empty=tr("The time of each round appears here, split into drafting, verifying and the rest."),
        )
        self.whole = Curve(self.plot, mean=True, fill_level=0)
        self.verified = Curve(self.plot, mean=True, fill_level=0)
        self.drafted = Curve(self.plot, mean=True, fill_level=0)
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Empty the plot."""
        self.decision_marks.clear()
        for curve in (self.whole, self.verified, self.drafted):
            curve.clear()
        self._top = _FIRST_TOP_MS
        self.set_span(Summary(), self._top)
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append the three cumulative times of each round."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        self.decision_marks.take(new)
        if rounds:
            self._append(rounds)
            # A single slow round, such as the first, must not flatten all others.
            typical_top = 1.2 * self.whole.usual_most()
            self._top = top_of([typical_top], least=1.0, now=self._top)
        self.set_span(summary, self._top)
        self.say_empty(summary, empty=not len(self.whole.x))

    def _append(self, rounds: Sequence[RoundFinished]) -> None:
        numbers = [event.round for event in rounds]
        draft_ms = [event.draft_ms for event in rounds]
        verify_end_ms = [event.draft_ms + event.verify_ms for event in rounds]
        total_ms = [event.draft_ms + event.verify_ms + event.other_ms for event in rounds]
        for curve, values in ((self.whole, total_ms), (self.verified, verify_end_ms), (self.drafted, draft_ms)):
            curve.extend(numbers, values)
            curve.show()

    def reading(self, at: int) -> str | None:
        """The times of the three phases of a round."""
        draft_ms, verify_end_ms, total_ms = self.drafted.at(at), self.verified.at(at), self.whole.at(at)
        if draft_ms is None or verify_end_ms is None or total_ms is None:
            return None
        parts = (draft_ms, verify_end_ms - draft_ms, total_ms - verify_end_ms)
        return tr("{0}: draft {1:.1f} · verify {2:.1f} · other {3:.1f} ms").format(at + 1, *parts)

    def columns(self) -> tuple[Column, ...]:
        """The time of each phase, not cumulative."""
        draft_ms, verify_end_ms, total_ms = self.drafted.y, self.verified.y, self.whole.y
        return (
            Column(tr("round"), self.whole.x + 1), Column(tr("draft (ms)"), draft_ms),
            Column(tr("verify (ms)"), verify_end_ms - draft_ms), Column(tr("other (ms)"), total_ms - verify_end_ms),
        )  # fmt: skip

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint opaque fills, since each one covers the curve behind it."""
        for curve, colour in (
            (self.whole, colours.muted),
            (self.verified, colours.bar_p),
            (self.drafted, colours.rejected),
        ):
            curve.item.setPen(pg.mkPen(colour, width=1))
            curve.item.setBrush(QColor(colour))
