"""The evaluation under way, done, or read from a file; knows no widget."""

from pathlib import Path

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.workspaces.rag import evaluation_record, evaluation_words
from app.workspaces.rag.evaluation_record import Evaluation, of_event
from engine.commands import Evaluate, Load
from engine.events import EvaluationMeasured, Event, Progressed, Refused, RunFailed


class EvaluationProgress(TabState):
    """At most one at a time. source: the file it was read from. file: where the one made here keeps its answers.
    begun: the one asked for last was heard of. ended_early: it was stopped or broke off, and can be continued."""

    work = Evaluate

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.shown: Evaluation | None = None
        self.source: Path | None = None
        self.file = ""
        self.begun = self.ended_early = False
        self._store, self._engine = store, store.engine

    def begin(self, pair: Load, command: Evaluate) -> None:
        """Ask for an evaluation of a pair, which is loaded first where needed; runs are refused meanwhile."""
        self._store.make_way()
        self._engine.progressed = None
        self.begun = self.ended_early = False
        self._engine.run(pair, command)
        self._store.watch()

    def status(self, at: Progressed | None) -> str:
        """What the evaluation is at."""
        return evaluation_words.state(at)

    def ended(self) -> str:
        """How the evaluation made here ended; what one would do where there was none."""
        if self.shown is None or self.source is not None:
            return evaluation_words.nothing_made()
        if not self.begun:
            return evaluation_words.never_begun()
        return evaluation_words.ending(self.shown, early=self.ended_early)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it was one of an evaluation."""
        if not isinstance(event, EvaluationMeasured):
            return False
        self.shown, self.source, self.file = of_event(event), None, event.file
        self.begun, self.ended_early = True, False
        return True

    def fail(self, event: Refused | RunFailed) -> None:
        """Something was refused; what an evaluation under way has answered stays."""
        refused = isinstance(event, Refused) and event.what == "evaluate"
        if refused and self.begun and self.shown is not None and self.source is None:
            self.ended_early = self.shown.n_asked < self.shown.n_questions

    def read(self, path: Path) -> object | None:
        """The evaluation in a file."""
        return evaluation_record.read(path) if path.is_file() and evaluation_record.is_evaluation(path) else None

    def open(self, path: Path) -> None:
        """Show the evaluation in a file."""
        self._store.open_with(path, self, evaluation_record.read)

    def show(self, content: object, path: Path) -> str:
        """Show what a file holds, unless one is under way."""
        assert isinstance(content, Evaluation)
        if self.live:
            return self.under_way()
        self.shown, self.source, self.ended_early = content, path, False
        return ""
