"""What is asked of the engine's training and what it answers; the training on show; knows no widget."""

from app.state.command_queue import CommandQueue
from app.workspaces.train.record import TrainingRecord
from engine.commands import EstimateTraining, Pause, Resume, Train
from engine.events import Event, TrainingEstimated, TrainingFinished


class TrainingRunProgress:
    """At most one training, under way, ended, or read from a log."""

    def __init__(self, commands: CommandQueue) -> None:
        self.record = TrainingRecord()
        self._commands = commands

    def begin(self, command: Train) -> None:
        """Ask for a training."""
        self.record.begin(command)
        self._commands.ask(command)

    @property
    def can_hold(self) -> bool:
        """Whether the engine has the training, so that it can be held."""
        return self.record.live and self._commands.handed and isinstance(self._commands.front, Train)

    def hold(self, *, held: bool) -> bool:
        """Hold the training after its step, or let it go on. Returns whether that changed something."""
        if not self.can_hold or held == self.record.held:
            return False
        self.record.held = held
        self._commands.steer(Pause() if held else Resume())
        return True

    def show(self, record: TrainingRecord) -> None:
        """Show the training of a log in place of the one before."""
        record.number = self.record.number + 1
        self.record = record

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it was one of a training."""
        if not self.record.take(event):
            return False
        if isinstance(event, TrainingFinished):
            self._commands.answered(done=True)
        elif isinstance(event, TrainingEstimated):
            self._commands.answered_question(EstimateTraining)
        return True

    def drop_unhanded(self) -> None:
        """Forget a training that was stopped before the engine had it."""
        if not self._commands.has_training:
            self.record.drop()
