"""What is asked of the engine's training and what it answers; the training on show; knows no widget."""

from pathlib import Path

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.workspaces.train import words
from app.workspaces.train.record import TrainingRecord, read_record
from engine.commands import Pause, Resume, Train
from engine.events import Event, Progressed, Refused, RunFailed
from engine.runs.trace import Trace


class TrainingRunProgress(TabState):
    """At most one training, under way, ended, or read from a log."""

    work = Train

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.record = TrainingRecord()
        self._store = store

    def begin(self, command: Train) -> None:
        """Ask for a training; runs are refused until it has ended."""
        self._store.make_way()
        self.record.begin(command)
        self.commands.ask(command)
        self._store.watch()

    @property
    def live(self) -> bool:
        """Whether a training is under way or waits."""
        return self.record.live

    def status(self, at: Progressed | None) -> str:
        """What the training is at."""
        return words.state(self.record, at)

    @property
    def can_hold(self) -> bool:
        """Whether the engine has the training, so that it can be held."""
        return self.record.live and self.commands.handed and isinstance(self.commands.front, Train)

    def hold(self, *, held: bool) -> None:
        """Hold the training after its step, or let it continue."""
        if self.can_hold and held != self.record.held:
            self.record.held = held
            self.commands.steer(Pause() if held else Resume())
            self._store.watch()

    def read_log(self, log: Trace, path: Path) -> object | None:
        """The training of a log."""
        return read_record(log.events, path) if log.of_training else None

    def show(self, content: object, path: Path) -> str:
        """Show the training of a log in place of the one before."""
        assert isinstance(content, TrainingRecord)
        if self.live:
            return self.under_way()
        content.number = self.record.number + 1
        self.record = content
        return ""

    def fail(self, event: Refused | RunFailed) -> None:
        """The training was refused or ended in a fault."""
        if isinstance(event, RunFailed) or event.what == "train":
            self.record.fail(event)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it was one of a training."""
        return self.record.take(event)

    def cancelled(self) -> None:
        """Forget a training that was stopped before the engine had it."""
        if not self.commands.has(Train):
            self.record.drop()
