"""State of the evaluation on show: under way, finished, or read from a file."""

from pathlib import Path

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.workspaces.rag import evaluation_record, evaluation_words
from app.workspaces.rag.evaluation_record import Evaluation, of_event
from engine.commands import Evaluate, Load
from engine.events import EvaluationMeasured, Event, Progressed, Refused, RunFailed, VerifierTested


class EvaluationProgress(TabState):
    """At most one evaluation. source: the file it was read from. file: where the one made here keeps its answers.
    begun: the engine has reported on the last request. ended_early: it was stopped or failed, and can be continued."""

    work = Evaluate

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.shown: Evaluation | None = None
        self.source: Path | None = None
        self.file = ""
        self.begun = self.ended_early = False
        self._store, self._engine = store, store.engine

    def begin(self, pair: Load, command: Evaluate) -> None:
        """Start an evaluation of a pair, which is loaded first where needed; runs are refused meanwhile."""
        self._store.make_way()
        self._engine.progressed = None
        self.begun = self.ended_early = False
        self._engine.run(pair, command)
        self._store.watch()

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the evaluation."""
        return self._store.stopping or evaluation_words.state(at)

    def ended(self) -> str:
        """Describe how the evaluation made here ended, or what one does where there was none."""
        if self.shown is None or self.source is not None:
            return evaluation_words.nothing_made()
        if not self.begun:
            return evaluation_words.never_begun()
        return evaluation_words.ending(self.shown, early=self.ended_early)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to an evaluation."""
        if isinstance(event, VerifierTested) and isinstance(self.commands.front, Evaluate):
            return True
        if not isinstance(event, EvaluationMeasured):
            return False
        self.shown, self.source, self.file = of_event(event), None, event.file
        self.begun, self.ended_early = True, False
        return True

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that an evaluation under way was refused or stopped; its answers so far are kept."""
        refused = isinstance(event, Refused) and event.what == "evaluate"
        if refused and self.begun and self.shown is not None and self.source is None:
            self.ended_early = self.shown.n_asked < self.shown.n_questions

    def kept(self, event: Refused | RunFailed) -> str:
        """The answers given before."""
        is_mine = isinstance(event, Refused) and event.what == "evaluate" and self.ended_early
        return evaluation_words.tr("the answers so far; the same evaluation goes on from there") if is_mine else ""

    def read(self, path: Path) -> object | None:
        """Read the evaluation in a file; None for any other file."""
        return evaluation_record.read(path) if path.is_file() and evaluation_record.is_evaluation(path) else None

    def open(self, path: Path) -> None:
        """Open the evaluation in a file."""
        self._store.open_with(path, self, evaluation_record.read)

    def show(self, content: object, path: Path) -> str:
        """Show the evaluation of a file. Returns what is under way and prevents that; empty where it is shown."""
        assert isinstance(content, Evaluation)
        if self.live:
            return self.under_way()
        self.shown, self.source, self.ended_early = content, path, False
        return ""
