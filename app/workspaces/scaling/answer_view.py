"""Panel of an answer: collects its events once, and shows them as tree, context, details, systems and figures."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.panel import Panel
from app.state.run_history import RunHistory
from app.state.store import RunStore
from app.widgets.splitters import split
from app.words import pace
from app.workspaces.scaling.answers import ScalingProgress
from app.workspaces.scaling.context_strip import ContextStrip
from app.workspaces.scaling.details import StepDetails
from app.workspaces.scaling.figures import CostFigures
from app.workspaces.scaling.record import ScalingRecord
from app.workspaces.scaling.sweeping import SweepProgress
from app.workspaces.scaling.tree import StepTree
from app.workspaces.scaling.verdict import AnswerHeadline, SystemsTable
from engine.events import Event
from engine.runs.summary import Summary

_SHARES = (50, 50)


class AnswerView(Panel):
    """`changed`: something that the settings depend on has changed, such as the prices."""

    changed = Signal()
    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.record = ScalingRecord()
        self.headline = AnswerHeadline(self)
        self.tree = StepTree(self)
        self.strip = ContextStrip(self)
        self.details = StepDetails(self)
        self.systems = SystemsTable(store, self)
        self.figures = CostFigures(store, self)
        self.tree.step_picked.connect(store.tab(ScalingProgress).point)
        self.figures.prices_changed.connect(self.show_answer)
        self.figures.prices_changed.connect(self.changed)
        self.pages = self.details.pages
        self.pages.insertTab(0, self.systems, self.tr("Systems"))
        self.pages.addTab(self.figures, self.tr("Cost"))
        self.pages.setCurrentIndex(0)
        for page, tip in (
            (self.systems, self.tr("Systems: what each way to answer said and took")),
            (self.details.documents, self.tr("Documents that came in at the selected step")),
            (self.details.prompt_page, self.tr("Prompt of each call of the selected step")),
            (self.details.demonstrations, self.tr("Demonstrations: the answered questions shown before this one")),
            (self.figures, self.tr("Cost: what the answer read, and what that costs")),
        ):
            self.pages.setTabToolTip(self.pages.indexOf(page), tip)
        self.splitter = split(Qt.Orientation.Vertical, (self.tree, self.details), _SHARES)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.headline, self.strip):
            column.addWidget(widget)
        column.addWidget(self.splitter, 1)
        self.show_answer()

    @property
    def history(self) -> RunHistory:
        """The answers of this session."""
        return self.store.tab(ScalingProgress).history

    def clear(self) -> None:
        """Forget the answer that was drawn."""
        self.record = ScalingRecord()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Take in the new events, and show the answer once none are left."""
        for event in new:
            self.record.take(event)
        if not self.behind:
            self.show_answer()

    def show_answer(self) -> None:
        """Show the answer as it is now, with the step that is selected."""
        step, sweep = self.store.tab(ScalingProgress).step, self.store.tab(SweepProgress)
        self.headline.show_record(self.record, self._under_way())
        self.tree.show_record(self.record, step)
        calls = self.record.calls_at(step)
        self.strip.show_call(calls[-1] if calls else None)
        self.details.show_record(self.record, step)
        self.systems.show_record(self.record)
        self.figures.show_record(self.record, sweep.budget, sweep.measured)

    def _under_way(self) -> str:
        """What the engine does for the answer under way, and how long that takes where it can tell."""
        progress = self.store.tab(ScalingProgress)
        front = self.store.commands.front
        if progress.history.live is None and (front is None or not progress.works_on(front)):
            return ""
        at = self.store.engine.progressed
        left = pace.left(at) if not self.store.stopping else ""
        return " · ".join(filter(None, (progress.status(at), left)))
