"""Reads and writes run files on its own thread, so that a large file does not block the window."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeAlias

from app.state.run_record import RunRecord
from app.state.tab_state import TabState
from engine.errors import EngineError, InputError
from engine.events import RunStarted
from engine.machine.file_kinds import refuse_irregular
from engine.runs import trace
from engine.runs.trace import FileJob, TraceWriter


class TraceRead(NamedTuple):
    """A run was read from a file, up to any damage. The record has no number yet."""

    record: RunRecord
    damage: str | None


class TabFileRead(NamedTuple):
    """A file of a tab was read, up to any damage. content: what the tab returned for it."""

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
    """Runs one job at a time; answers arrive in `answers`. n_under_way: jobs whose answer was not taken yet;
    writing: whether a run is among them."""

    def __init__(self) -> None:
        self.answers: SimpleQueue[FileAnswer] = SimpleQueue()
        self.n_under_way = 0
        self.writing = False
        self._thread: threading.Thread | None = None
        self._job = FileJob()

    @property
    def progress(self) -> tuple[float, float]:
        """Progress of the job under way: bytes or events done, and in total."""
        return float(self._job.done), float(self._job.total)

    def read(self, path: Path, tabs: Sequence[TabState]) -> None:
        """Start to read a run, or a file of one of the tabs; returns at once."""
        self._start(lambda job: _read(path, tuple(tabs), job))

    def read_with(self, path: Path, tab: TabState, read: Callable[[Path], object]) -> None:
        """Start to read a file that can only belong to one tab; returns at once."""
        self._start(lambda _job: TabFileRead(tab, read(path), path))

    def write(self, path: Path, record: RunRecord) -> None:
        """Start to write the events of a run so far; an existing file is replaced once the new one is complete."""
        n_events = len(record.events)
        self.writing = True
        self._start(lambda job: _write(path, record, n_events, job))

    def next_answer(self) -> FileAnswer | None:
        """Take the answer of the oldest finished job, if there is one."""
        try:
            answer = self.answers.get_nowait()
        except Empty:
            return None
        self.n_under_way -= 1
        self.writing = self.writing and not isinstance(answer, TraceSaved) and bool(self.n_under_way)
        return answer

    def cancel(self) -> None:
        """Cancel the job under way."""
        self._job.cancelled.set()

    def close(self) -> None:
        """Cancel the job under way and wait for it to end."""
        self.cancel()
        self._join()

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _start(self, job_function: Callable[[FileJob], FileAnswer]) -> None:
        self.n_under_way += 1
        previous, self._job = self._thread, FileJob()
        args = (job_function, self._job, previous)
        self._thread = threading.Thread(target=self._work, args=args, name="draftscope-files", daemon=True)
        self._thread.start()

    def _work(
        self,
        job_function: Callable[[FileJob], FileAnswer],
        job: FileJob,
        previous: threading.Thread | None,
    ) -> None:
        if previous is not None:
            previous.join()
        try:
            self.answers.put(job_function(job))
        except EngineError as err:
            self.answers.put(TraceFailed(err.message, err.hint))
        except OSError as err:
            self.answers.put(TraceFailed(str(err), "choose another file"))
        except MemoryError:
            self.answers.put(TraceFailed("the file does not fit in memory", "open a shorter run"))
        except Exception as err:  # this thread's outermost frame: without an answer the window would wait for ever
            self.answers.put(TraceFailed(f"{type(err).__name__}: {err}", "this is a defect: please report it"))


def _read(path: Path, tabs: Sequence[TabState], job: FileJob) -> TraceRead | TabFileRead:
    if not path.is_dir():
        refuse_irregular(path, "open a run, a training or a comparison")  # a tab looks at its first line
    for tab in tabs:
        if (content := tab.read(path)) is not None:
            return TabFileRead(tab, content, path)
    log = trace.read(path, job)
    for tab in tabs:
        if (content := tab.read_log(log, path)) is not None:
            return TabFileRead(tab, content, path, log.damage)
    if not isinstance(log.events[0], RunStarted):
        raise InputError(f"{path} holds something that no tab shows", "open a run, a training or a comparison")
    record = RunRecord(0, source=path)
    record.add_all(log.events)
    record.settle()
    return TraceRead(record, log.damage)


def _write(path: Path, record: RunRecord, n_events: int, job: FileJob) -> TraceSaved:
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    job.total = n_events
    writer = TraceWriter(partial)
    try:
        for event in record.events[:n_events]:
            if job.cancelled.is_set():
                raise EngineError("the run was not saved: stopped by you", "save it again")
            writer.write(event)
            job.done += 1
    except EngineError:
        writer.close()
        partial.unlink(missing_ok=True)
        raise
    writer.close()
    refuse_irregular(path, "choose another file")
    partial.replace(path)
    return TraceSaved(path, record)
