"""State of the training on show: its requests to the engine, and the record of the answers."""

from pathlib import Path

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.workspaces.train import words
from app.workspaces.train.record import TrainingRecord, read_record
from engine.commands import Pause, Resume, Train
from engine.events import GATE_TRAINING, Event, Progressed, Refused, RunFailed, WorkStarted
from engine.runs.trace import Trace


class TrainingRunProgress(TabState):
    """At most one training: under way, ended, or read from a log."""

    work = Train

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.record = TrainingRecord()
        self._store = store

    def begin(self, command: Train) -> None:
        """Start a training; runs are refused until it has ended."""
        self._store.make_way()
        self.record.begin(command)
        self.commands.ask(command)
        self._store.watch()

    @property
    def live(self) -> bool:
        """Whether a training is under way or waits for the engine."""
        return self.record.live

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the training."""
        return self._store.stopping or words.state(self.record, at)

    @property
    def can_hold(self) -> bool:
        """Whether the engine has received the training, so that it can be paused."""
        handed = self.commands.handed and not self.commands.cancelling
        return self.record.live and handed and isinstance(self.commands.front, Train)

    def hold(self, *, held: bool) -> None:
        """Pause the training after its current step, or let it continue."""
        if self.can_hold and held != self.record.held:
            self.record.held = held
            self.commands.steer(Pause() if held else Resume())
            self._store.watch()

    def read_log(self, log: Trace, path: Path) -> object | None:
        """Read the training of a log; None for a log of something else, a gate's training among it."""
        first = log.events[0]
        is_gate = isinstance(first, WorkStarted) and first.method == GATE_TRAINING
        return read_record(log.events, path) if log.of_training and not is_gate else None

    def show(self, content: object, path: Path) -> str:
        """Show the training of a log. Returns what is under way and prevents that; empty where it is shown."""
        assert isinstance(content, TrainingRecord)
        if self.live:
            return self.under_way()
        content.number = self.record.number + 1
        self.record = content
        return ""

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the training was refused or failed."""
        if isinstance(event, RunFailed) or event.what == "train":
            self.record.fail(event)

    def kept(self, event: Refused | RunFailed) -> str:
        """The checkpoint of a training that failed after a step."""
        if self.record.failure is not event or not self.record.last_step:
            return ""
        return words.tr("what was trained up to step {0:,}; it can be resumed").format(self.record.last_step)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a training."""
        return self.record.take(event)

    def cancelled(self) -> None:
        """Drop a training that was stopped before the engine received it; a held one is held no longer."""
        self.record.held = False
        if not self.commands.has(Train):
            self.record.drop()
