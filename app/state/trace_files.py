"""Reads and writes files of runs on a thread of its own, so that a large one holds nobody up; knows no widget."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeAlias

from app.state.run_record import RunRecord
from app.state.tab_state import TabState
from engine.errors import EngineError
from engine.runs import trace
from engine.runs.trace import FileJob, TraceWriter


class TraceRead(NamedTuple):
    """A file was read, up to its damage if there is any. The record's number is not given yet."""

    record: RunRecord
    damage: str | None


class TabFileRead(NamedTuple):
    """A file of a tab was read, up to its damage if there is any. content: what the tab made of it."""

    tab: TabState
    content: object
    path: Path
    damage: str | None = None


class TraceSaved(NamedTuple):
    """A run was written."""

    path: Path
    record: RunRecord


class TraceFailed(NamedTuple):
    """A file could not be read or written."""

    message: str
    hint: str


FileAnswer: TypeAlias = TraceRead | TabFileRead | TraceSaved | TraceFailed


class TraceFiles:
    """One job at a time; answers arrive in `answers`. n_under_way: jobs whose answer was not taken yet."""

    def __init__(self) -> None:
        self.answers: SimpleQueue[FileAnswer] = SimpleQueue()
        self.n_under_way = 0
        self._thread: threading.Thread | None = None
        self._job = FileJob()

    @property
    def progress(self) -> tuple[float, float]:
        """How far the job under way is: bytes or events done, and all of them."""
        return float(self._job.done), float(self._job.total)

    def read(self, path: Path, tabs: Sequence[TabState]) -> None:
        """Begin to read a run, or a file of one of the tabs; returns at once."""
        self._start(lambda job: _read(path, tuple(tabs), job))

    def read_with(self, path: Path, tab: TabState, read: Callable[[Path], object]) -> None:
        """Begin to read what can only be a file of that tab; returns at once."""
        self._start(lambda _job: TabFileRead(tab, read(path), path))

    def write(self, path: Path, record: RunRecord) -> None:
        """Begin to write what there is of a run; a file that is there is replaced once the new one is whole."""
        n_events = len(record.events)
        self._start(lambda job: _write(path, record, n_events, job))

    def next_answer(self) -> FileAnswer | None:
        """What became of the oldest job that ended; its asker takes it once."""
        try:
            answer = self.answers.get_nowait()
        except Empty:
            return None
        self.n_under_way -= 1
        return answer

    def cancel(self) -> None:
        """Give up the job under way."""
        self._job.cancelled.set()

    def close(self) -> None:
        """Give up the job under way and wait for its end."""
        self.cancel()
        self._join()

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _start(self, do: Callable[[FileJob], FileAnswer]) -> None:
        self.n_under_way += 1
        before, self._job = self._thread, FileJob()
        work = (do, self._job, before)
        self._thread = threading.Thread(target=self._work, args=work, name="draftscope-files", daemon=True)
        self._thread.start()

    def _work(
        self,
        do: Callable[[FileJob], FileAnswer],
        job: FileJob,
        before: threading.Thread | None,
    ) -> None:
        if before is not None:
            before.join()
        try:
            self.answers.put(do(job))
        except EngineError as err:
            self.answers.put(TraceFailed(err.message, err.hint))
        except OSError as err:
            self.answers.put(TraceFailed(str(err), "choose another file"))
        except MemoryError:
            self.answers.put(TraceFailed("the file does not fit in memory", "open a shorter run"))
        except Exception as err:  # this thread's outermost frame: without an answer the window would wait for ever
            self.answers.put(TraceFailed(f"{type(err).__name__}: {err}", "this is a defect: please report it"))


def _read(path: Path, tabs: Sequence[TabState], job: FileJob) -> TraceRead | TabFileRead:
    for tab in tabs:
        if (content := tab.read(path)) is not None:
            return TabFileRead(tab, content, path)
    log = trace.read(path, job)
    for tab in tabs:
        if (content := tab.read_log(log, path)) is not None:
            return TabFileRead(tab, content, path, log.damage)
    record = RunRecord(0, source=path)
    record.add_all(log.events)
    return TraceRead(record, log.damage)


def _write(path: Path, record: RunRecord, n_events: int, job: FileJob) -> TraceSaved:
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    job.total = n_events
    writer = TraceWriter(part)
    try:
        for event in record.events[:n_events]:
            if job.cancelled.is_set():
                raise EngineError("the run was not saved: stopped by you", "save it again")
            writer.write(event)
            job.done += 1
    except EngineError:
        writer.close()
        part.unlink(missing_ok=True)
        raise
    writer.close()
    part.replace(path)
    return TraceSaved(path, record)
