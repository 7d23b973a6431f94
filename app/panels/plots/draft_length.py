"""Panel: how many tokens each round drafted, and where a policy changed that; only for runs with a policy."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import round_end
from app.plots.curve import Curve
from app.plots.export import Column
from app.plots.panel import PlotPanel, tr
from app.state.store import RunStore
from app.words import policies
from engine.events import Event, RoundFinished
from engine.runs.summary import Summary

_FIRST_TOP = 5


class DraftLengthPlot(PlotPanel):
    """Drafted and accepted tokens of each round; its caption is the last decision."""

    turn = 2

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Draft length"),
            caption=tr("The policy has changed nothing yet."),
            axis=tr("tokens"),
            bottom=tr("round"),
            keys=(("━", tr("drafted"), "accent"), ("■", tr("accepted"), "accepted"), ("▲", tr("decision"), "text")),
            empty=tr("The length of each draft appears with the first round."),
        )
        self.accepted = Curve(self.plot, fill_level=0)
        self.drafted = Curve(self.plot)
        self.tell_keys((
            tr("How many tokens the drafter proposed in each round, one after another."),
            tr("How many of them were accepted."),
            tr("The policy changed the draft length from this round on. Point at it to see why."),
        ))  # fmt: skip
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Empty the plot."""
        self._most, self._top = 0, float(round_end(_FIRST_TOP))
        for curve in (self.drafted, self.accepted):
            curve.clear()
        self.decision_marks.clear()
        self.caption.show_text(tr("The policy has changed nothing yet."))
        self.set_span(Summary(), self._top)
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append one point per round, and the decisions."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        self.decision_marks.take(new)
        if rounds:
            numbers = [event.round for event in rounds]
            self.drafted.extend(numbers, [event.depth for event in rounds])
            self.accepted.extend(numbers, [event.n_accepted for event in rounds])
            self.drafted.show()
            self.accepted.show()
            self._most = max(self._most, *(event.depth for event in rounds))
            self._top = float(round_end(max(2, self._most)))
        if self.decision_marks.decisions:
            self.caption.show_text(policies.decision(self.decision_marks.decisions[-1]))
        self.set_span(summary, self._top)
        self.say_empty(summary, empty=not len(self.drafted.x))

    def reading(self, at: int) -> str | None:
        """The length of a draft, or the decision that took effect with it."""
        drafted, accepted = self.drafted.at(at), self.accepted.at(at)
        if drafted is None or accepted is None:
            return None
        if (event := self.decision_marks.at(at)) is not None:
            return policies.decision(event)
        return tr("{0}: {1:.0f} drafted, {2:.0f} accepted").format(at + 1, drafted, accepted)

    def with_decision(self, text: str, at: int) -> str:
        """The reading alone, which has the decision."""
        return text

    def columns(self) -> tuple[Column, ...]:
        """Both lengths per round."""
        return (
            Column(tr("round"), self.drafted.x + 1), Column(tr("drafted (tokens)"), self.drafted.y),
            Column(tr("accepted (tokens)"), self.accepted.y),
        )  # fmt: skip

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint the drafted length as a line over a fill of what was accepted."""
        self.drafted.item.setPen(pg.mkPen(colours.accent, width=2))
        self.accepted.item.setPen(pg.mkPen(colours.accepted, width=1))
        self.accepted.item.setBrush(pg.mkBrush(colours.accepted))
