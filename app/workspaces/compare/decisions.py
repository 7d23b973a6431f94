"""Plot of how many tokens each round drafted, in the lanes with a policy, and where and why the policy changed that."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.panel import tr
from app.state.store import RunStore
from app.words import policies
from app.workspaces.compare import words
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.lane_plot import LanePlot, LaneSeries
from app.workspaces.compare.policy_choice import has_policy
from app.workspaces.compare.record import AskedTurn, ComparisonRecord
from engine.events import Event, GenerationMeasured
from engine.runs.summary import Summary

_LEAST_TOP = 4.0


class DecisionsPlot(LanePlot):
    """A line for each lane with a policy, over the rounds of the prompt whose texts are shown; marks of one lane."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        self._top = _LEAST_TOP
        self._turn: AskedTurn | None = None
        super().__init__(
            store, parent, title=tr("Draft length by round"),
            caption=tr("▲ The policy changed the draft length; point at it to see why."),
            axis=tr("tokens"), bottom=tr("round"),
            empty=tr("How many tokens each round drafted, for lanes with a policy: choose one under More."),
        )  # fmt: skip
        self.decision_marks.item.setPos(1, 0)  # rounds are counted from 1 here

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw also when the texts of another prompt are shown."""
        turn = self.store.tab(ComparingProgress).turn
        if turn != self._turn:
            self._turn, self._drawn = turn, (-1, -1, "")
        super().draw(new, summary)

    def series_of(self, record: ComparisonRecord) -> list[LaneSeries]:
        """Return the draft lengths, and mark the decisions of the chosen lane, or of the first one with a policy."""
        texts = {} if self._turn is None else record.texts.get(self._turn, {})
        own = {lane.name: texts[lane.name] for lane in record.lanes if lane.name in texts and has_policy(lane)}
        lengths = {name: tuple(float(event.depth) for event in text.rounds) for name, text in own.items()}
        self._top = max([_LEAST_TOP, *(max(each) + 1 for each in lengths.values() if each)])
        self._mark_decisions(own)
        return [LaneSeries(name, record.mark(name), each) for name, each in lengths.items() if each]

    def _mark_decisions(self, own: dict[str, GenerationMeasured]) -> None:
        chosen = self.store.tab(ComparingProgress).lane
        marked = own.get(chosen) or next(iter(own.values()), None)
        self.decision_marks.clear()
        self.decision_marks.take(() if marked is None else marked.decisions)
        if marked is None:
            return
        decisions = self.decision_marks.decisions
        last = policies.decision(decisions[-1]) if decisions else tr("the policy changed nothing")
        self.caption.show_text(f"{len(decisions):,} ▲, {words.lane_name(marked.lane)}: {last}")

    def top(self) -> float:
        """Return the upper end of the axis: above the longest draft."""
        return self._top

    def with_decision(self, text: str, at: int) -> str:
        """A reading with the decision that took effect in its round; rounds are counted from 1 here."""
        return super().with_decision(text, at - 1)

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint lines and marks in the colours of the palette."""
        super().paint_items(colours)
        self.decision_marks.paint(colours)
