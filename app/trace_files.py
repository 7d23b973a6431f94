"""Reads and writes run files on a thread of its own, so that a large one holds nobody up; knows no widget."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple, TypeAlias

from engine import trace
from engine.errors import EngineError
from engine.events import Event
from engine.trace import Trace, TraceWriter


class TraceRead(NamedTuple):
    """A file was read, up to its damage if there is any."""

    path: Path
    trace: Trace


class TraceSaved(NamedTuple):
    """A run was written."""

    path: Path


class TraceFailed(NamedTuple):
    """A file could not be read or written."""

    message: str
    hint: str


Answer: TypeAlias = TraceRead | TraceSaved | TraceFailed


class TraceFiles:
    """One job at a time; answers arrive in `answers`."""

    def __init__(self) -> None:
        self.answers: SimpleQueue[Answer] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def read(self, path: Path) -> None:
        """Begin to read; returns at once."""
        self._start(lambda: TraceRead(path, trace.read(path)))

    def write(self, path: Path, events: Sequence[Event]) -> None:
        """Begin to write; a file that is there is replaced once the new one is whole."""
        self._start(lambda: _write(path, events))

    def close(self) -> None:
        """Wait for the job under way."""
        if self._thread is not None:
            self._thread.join()

    def _start(self, job: Callable[[], Answer]) -> None:
        self.close()
        self._thread = threading.Thread(target=self._work, args=(job,), name="draftscope-files", daemon=True)
        self._thread.start()

    def _work(self, job: Callable[[], Answer]) -> None:
        try:
            self.answers.put(job())
        except EngineError as err:
            self.answers.put(TraceFailed(err.message, err.hint))
        except OSError as err:
            self.answers.put(TraceFailed(str(err), "choose another file"))


def _write(path: Path, events: Sequence[Event]) -> TraceSaved:
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    writer = TraceWriter(part)
    try:
        for event in events:
            writer.write(event)
    finally:
        writer.close()
    part.replace(path)
    return TraceSaved(path)
