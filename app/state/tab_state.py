"""What a tab knows of its own, as the store sees it: the store asks each one, and knows none by name."""

from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QCoreApplication

from app.state.command_queue import CommandQueue
from app.state.replay import Replay
from app.state.run_history import RunHistory
from app.state.run_record import RunRecord
from engine.commands import Command
from engine.events import Event, Progressed, Refused, RunFailed
from engine.runs.trace import Trace


class TabState:
    """Takes the events of one kind of work. What is not overridden means: nothing of the kind.

    work: the command that is its work, if one is. replay: of what it shows, where that can be shown again."""

    work: ClassVar[type[Command] | None] = None
    replay: Replay | None = None
    commands: CommandQueue

    @property
    def live(self) -> bool:
        """Whether its work is under way or waits for the engine; until it has ended no run starts."""
        return self.work is not None and self.commands.has(self.work)

    def under_way(self) -> str:
        """What is under way while it is live, in words: the reason why nothing else may start."""
        return "" if self.work is None else QCoreApplication.translate("commands", self.work.under_way)

    def works_on(self, command: Command) -> bool:
        """Whether a command is its work."""
        return self.work is not None and isinstance(command, self.work)

    def status(self, at: Progressed | None) -> str:
        """What its work under way is at, in words."""
        return ""

    def take(self, event: Event) -> bool:
        """Take in an event that is not of a run. Returns whether it was one of its own."""
        return False

    def fail(self, event: Refused | RunFailed) -> None:
        """A command was refused, or a run ended in a fault; it may be another's."""

    def cancelled(self) -> None:
        """What was asked of the engine and not handed over yet is forgotten."""

    def history_of(self, method: str) -> RunHistory | None:
        """Where runs of a method belong; None where they are another's."""
        return None

    def began(self) -> None:
        """A run in its history began."""

    def ending(self, record: RunRecord) -> str:
        """How a run in its history ended, in words."""
        return ""

    def open_run(self, record: RunRecord) -> None:
        """Show a run of its own that was read from a file."""

    def read(self, path: Path) -> object | None:
        """What a file of its own holds, on the thread that reads files; None where it is no such file.

        Raises EngineError, OSError where it is one that cannot be read."""
        return None

    def read_log(self, log: Trace, path: Path) -> object | None:
        """What a log of its own holds, on the same thread; None where the log is another's."""
        return None

    def show(self, content: object, path: Path) -> str:
        """Show what `read` or `read_log` returned. Returns what is under way and keeps it from that; empty: shown."""
        return ""
