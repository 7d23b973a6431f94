"""Describes how the engine's process ended, and ends the log of a run or other work that it left behind.

* imports neither Qt nor torch."""

import signal
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from engine.events import Event, RoundFinished, RunFailed, RunFinished, RunStarted, WorkEnded
from engine.host.child_link import Ending
from engine.machine import no_memory
from engine.runs.run_log import Start, run_file
from engine.runs.trace import TraceWriter

AGAIN = "the next run loads the pair again"
_REPORT = f"a library or a driver failed: please report it with the details; {AGAIN}"
End: TypeAlias = RunFinished | RunFailed | WorkEnded
# SIGKILL as a number, as not every system has the name.
_KILLED = -9
# Signals that somebody else sends: a person, a session that ends, a limit of the system. By name, as above.
_FROM_OUTSIDE = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGXCPU", "SIGXFSZ", "SIGALRM", "SIGPWR")


def words(ending: Ending) -> tuple[str, str]:
    """What happened, and a hint."""
    if ending.status is None:
        return f"the engine's process could not be started ({ending.tail})", "let the engine run on a thread"
    if ending.ended_for:
        return f"the engine's process had to be ended: {ending.ended_for}", _REPORT
    if ending.status == _KILLED:
        hint = f"most often memory ran out: use a smaller model or a shorter run; {AGAIN}"
        return "the engine's process was ended from outside (SIGKILL)", hint
    if ending.status < 0 and _signal(-ending.status) in _FROM_OUTSIDE:
        return f"the engine's process was ended from outside ({_signal(-ending.status)})", AGAIN
    if no_memory.says_no_memory(ending.tail):
        return "the engine's process ended because memory ran out, or address space", f"{no_memory.LESS}; {AGAIN}"
    if ending.status == 0:
        return "the engine's process ended by itself, without an error", _REPORT
    how = f"with status {ending.status}" if ending.status >= 0 else f"by {_signal(-ending.status)}"
    return f"the engine's process crashed: it ended {how}", _REPORT


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class RunTracker:
    """Tracks a run or other kept work by its events, to end it in place of a process that no longer can."""

    def __init__(self, started: Start) -> None:
        self._started = started
        self._n_tokens = 0
        self._at_s = 0.0

    def take(self, event: Event) -> None:
        """Note an event."""
        if isinstance(event, RoundFinished):
            self._n_tokens += len(event.emitted)
        self._at_s = max(self._at_s, getattr(event, "at_s", 0.0))

    def stopped(self) -> End:
        """The last event of what was stopped."""
        if isinstance(self._started, RunStarted):
            return RunFinished("cancelled", self._n_tokens, at_s=self._at_s)
        return WorkEnded("stopped", "stopped by the user", at_s=self._at_s)

    def failed(self, ending: Ending) -> End:
        """The last event of what lost its process."""
        if isinstance(self._started, RunStarted):
            return RunFailed(*words(ending), ending.tail, at_s=self._at_s)
        return WorkEnded("failed", *words(ending), at_s=self._at_s)

    def save(self, runs: Path, end: End) -> None:
        """Append the last event to the file, if there is one. Raises EngineError."""
        path = run_file(runs, self._started)
        if path.exists():
            with closing(TraceWriter(path, append=True)) as writer:
                writer.write(end)
