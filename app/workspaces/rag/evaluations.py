"""The evaluation under way, done, or read from a file; knows no widget."""

from pathlib import Path

from app.state.engine_link import EngineLink
from app.workspaces.rag.evaluation_record import Evaluation, of_event
from engine.commands import Evaluate, Load
from engine.events import EvaluationMeasured, Event, Refused


class EvaluationProgress:
    """At most one at a time. source: the file it was read from. file: where the one made here keeps its answers.
    begun: the one asked for last was heard of. ended_early: it was stopped or broke off, and can be gone on with."""

    def __init__(self, engine: EngineLink) -> None:
        self.shown: Evaluation | None = None
        self.source: Path | None = None
        self.file = ""
        self.begun = self.ended_early = False
        self._engine = engine

    @property
    def live(self) -> bool:
        """Whether one is under way or waiting."""
        return self._engine.commands.has_evaluation

    def begin(self, pair: Load, command: Evaluate) -> None:
        """Ask for an evaluation of a pair, which is loaded first where it is not in memory."""
        self.begun = self.ended_early = False
        self._engine.run(pair, command)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it was one of an evaluation."""
        if not isinstance(event, EvaluationMeasured):
            return False
        self.shown, self.source, self.file = of_event(event), None, event.file
        self.begun, self.ended_early = True, False
        if event.complete:
            self._engine.commands.answered(done=True)
        return True

    def fail(self, event: Refused) -> None:
        """Something was refused; what an evaluation under way has answered stays."""
        if event.what == "evaluate" and self.begun and self.shown is not None and self.source is None:
            self.ended_early = self.shown.n_asked < self.shown.n_questions

    def show(self, found: Evaluation, source: Path) -> bool:
        """Show what a file holds, unless one is under way. Returns whether it is shown."""
        if self.live:
            return False
        self.shown, self.source, self.ended_early = found, source, False
        return True
