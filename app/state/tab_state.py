"""The state of one tab as the store sees it: the store offers each tab every event, file and refusal."""

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
    """Takes the events of one kind of work. Every method that is not overridden does nothing.

    work: the command that starts its work, if any. replay: of what it shows, where that can be replayed."""

    work: ClassVar[type[Command] | None] = None
    replay: Replay | None = None
    commands: CommandQueue

    @property
    def live(self) -> bool:
        """Whether its work is under way or queued; no run starts until it has ended."""
        return self.work is not None and self.commands.has(self.work)

    def under_way(self) -> str:
        """What is under way while it is live, in words; shown as the reason why nothing else may start."""
        return "" if self.work is None else QCoreApplication.translate("commands", self.work.under_way)

    def works_on(self, command: Command) -> bool:
        """Whether a command is its work."""
        return self.work is not None and isinstance(command, self.work)

    def status(self, at: Progressed | None) -> str:
        """The progress of its work, in words."""
        return ""

    def take(self, event: Event) -> bool:
        """Take in an event that belongs to no run. Returns whether it belongs to this tab."""
        return False

    def fail(self, event: Refused | RunFailed) -> None:
        """Take in a refused command or a failed run, possibly another tab's."""

    def kept(self, event: Refused | RunFailed) -> str:
        """What there is of its work that was refused or failed, in words; empty for another's, and for nothing."""
        return ""

    def cancelled(self) -> None:
        """React to a cancel, which drops the commands that were not handed over yet."""

    def history_of(self, method: str) -> RunHistory | None:
        """The history that runs of a method belong to; None if they are not this tab's."""
        return None

    def began(self) -> None:
        """React to the start of a run in its history."""

    def ending(self, record: RunRecord) -> str:
        """How a run in its history ended, in words."""
        return ""

    def open_run(self, record: RunRecord) -> None:
        """Show one of its runs that was read from a file."""

    def read(self, path: Path) -> object | None:
        """Read a file of its own, on the thread that reads files; None if it is another kind of file.

        Raises EngineError, OSError if it is of this kind but cannot be read."""
        return None

    def read_log(self, log: Trace, path: Path) -> object | None:
        """Read a log of its own, on the same thread; None if the log is another tab's."""
        return None

    def show(self, content: object, path: Path) -> str:
        """Show what `read` or `read_log` returned. Returns the work under way that prevents it; empty: shown."""
        return ""

    def opened_as(self, content: object, path: Path) -> str:
        """What a file that was shown is taken for, in words; empty where it can be nothing else."""
        return ""
