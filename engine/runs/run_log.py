"""Passes the events of kept work to the outbox and, where work is kept, writes them to the file in its own folder.

* imports neither Qt nor torch."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from filelock import FileLock, Timeout
from msgspec.structs import replace

from engine.errors import EngineError, InputError
from engine.events import (
    ComparisonStarted,
    Event,
    RaceFinished,
    RaceStarted,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
    RunStarted,
    WorkEnded,
    WorkStarted,
)
from engine.machine.paths import file_name
from engine.runs.trace import FILE_NAME, TraceWriter

_End: TypeAlias = RunFinished | RunFailed | RaceFinished | WorkEnded
Start: TypeAlias = RunStarted | ComparisonStarted | RaceStarted | WorkStarted
# Locked while the trace is written: a lock ends with its process, however that ends.
_LOCK = ".running"
_LOCK_WAIT_S = 2.0


class Outbox(Protocol):
    """Takes events: a queue, or a pipe to another process."""

    def put(self, event: Event, /) -> object:
        """Take one event."""


def run_file(runs: Path, started: Start) -> Path:
    """The file that work is saved to."""
    stamp = started.started_utc.replace(":", "").replace("-", "")
    match started:
        case RunStarted():
            name = f"{started.method}-{started.run_id}"
        case ComparisonStarted():
            name = f"comparison-{started.comparison_id}"
        case RaceStarted():
            name = f"race-{started.race_id}"
        case WorkStarted():
            name = f"{started.kind}-{started.work_id}"
    return runs / file_name(f"{stamp}-{name}") / FILE_NAME


def is_being_written(folder: Path) -> bool:
    """Whether a process is writing the trace in a folder at this moment."""
    lock = folder / _LOCK
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # a read-only folder, or a file system without locks
        return False


def append(path: Path, events: Iterable[Event]) -> None:
    """Add events to the file of work that has ended. Raises EngineError: it is gone, being written, or the disk is
    full."""
    if not path.is_file():
        raise InputError(f"{path} is gone", "restore the run, if it was deleted")
    if is_being_written(path.parent):
        raise EngineError(f"{path} is still being written", "wait until its work has ended")
    lock = _locked(path.parent)
    try:
        writer = TraceWriter(path, append=True, what="what was added")
        try:
            for event in events:
                writer.write(event)
        finally:
            writer.close()
    finally:
        if lock is not None:
            lock.release()


class RunLog:
    """Passes the events of one piece of work to the outbox and, where work is kept, to its file.

    If the file cannot be written, the work continues without it, and one Refused("save") says why."""

    def __init__(self, runs: Path | None, outbox: Outbox) -> None:
        self.started = False
        self.at_s = 0.0
        self.is_run = False
        self._n_tokens = 0
        self._runs = runs
        self._outbox = outbox
        self._writer: TraceWriter | None = None
        self._lock: FileLock | None = None

    @property
    def path(self) -> Path | None:
        """The file that is being written; None where nothing is kept."""
        return None if self._writer is None else self._writer.path

    def add(self, event: Event) -> None:
        """Save one event and pass it on; what comes before the start of the work is only passed on."""
        event = self.timed(event)
        # The start is passed on first, so that a refusal to save comes after it.
        if isinstance(event, Start) and not self.started:
            self.started, self.is_run = True, isinstance(event, RunStarted)
            self._outbox.put(event)
            self._open(event)
            self._write(event)
            return
        if isinstance(event, RoundFinished):
            self._n_tokens += len(event.emitted)
        self.at_s = max(self.at_s, getattr(event, "at_s", 0.0))
        self._write(event)
        self._outbox.put(event)

    def timed(self, event: Event) -> Event:
        """The event; the end of what was stopped or failed, if it has no time, gets that of the event before it."""
        if not isinstance(event, _End) or event.at_s:
            return event
        was_cut = isinstance(event, RunFailed | WorkEnded) or event.reason == "cancelled"
        return replace(event, at_s=self.at_s) if was_cut else event

    def ended(self) -> None:
        """Write, to the file alone, that work without a last event of its own has ended as it should."""
        self._write(self.timed(WorkEnded("finished")))

    def cut_short(self, state: Literal["stopped", "failed"], why: str, hint: str) -> None:
        """Write, to the file alone, that work ended before its last event; a run has an event of its own for that."""
        if not self.is_run:
            self._write(self.timed(WorkEnded(state, why, hint)))

    def cancelled(self) -> RunFinished:
        """The last event of a stopped run."""
        return RunFinished("cancelled", self._n_tokens, at_s=self.at_s)

    def close(self) -> None:
        """Close the file; no more events follow."""
        if self._writer is not None:
            self._writer.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _open(self, event: Start) -> None:
        if self._runs is None:
            return
        path = run_file(self._runs, event)
        try:
            self._lock = _locked(path.parent)
            self._writer = TraceWriter(path)
        except EngineError as err:
            self._outbox.put(Refused("save", err.message, err.hint))

    def _write(self, event: Event) -> None:
        if self._writer is None:
            return
        try:
            self._writer.write(event)
        except EngineError as err:
            self._writer.close()
            self._writer = None
            self._outbox.put(Refused("save", err.message, err.hint))


def _locked(folder: Path) -> FileLock | None:
    """A lock that says that the folder is being written; None where the file system has none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=_LOCK_WAIT_S)
        lock.acquire()
    except (OSError, NotImplementedError, Timeout):
        return None
    return lock
