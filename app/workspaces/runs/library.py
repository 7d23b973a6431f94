"""State of the Runs tab: which runs the filter lets through, their rows as far as they are needed, what was deleted."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import NamedTuple, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from app.state.background import Background
from engine.errors import EngineError
from engine.runs.trace import FileJob
from engine.store.database import IndexDamaged
from engine.store.index import RunIndex
from engine.store.rows import Deleted, RunFilter, RunRow, TakenIn

T = TypeVar("T")
_BUSY_MS, _WATCH_MS = 8, 1000
# Rows are fetched in pages; beyond so many they are fetched again when they are looked at again.
PAGE = 128
_MOST_ROWS = 4096
_MOST_UNDONE = 20
_LOOKS_A_SCAN = 3
# Deleted runs can be restored for a month.
_KEPT_IN_TRASH_S = 30 * 86_400


class _Listing(NamedTuple):
    """What the index says of a filter. version: that of the index."""

    ids: tuple[str, ...]
    tags: tuple[tuple[str, int], ...]
    version: int
    notes: tuple[str, ...]


def _listing(index: RunIndex, wanted: RunFilter) -> _Listing:
    # The version first: what changes while the rest is read is then seen as a change.
    version = index.version()
    return _Listing(index.ids(wanted), index.tags(), version, index.notes)


class RunLibrary(QObject):
    """Talks to the index on threads of its own; `changed`: something is new.

    ids: None until they are known for the first time. rows_number: grows when rows were fetched or became outdated.
    trouble: why the index cannot be used. refused: what could not be done lately. notes: what had to be done to open
    the index. taking_in: how far new folders were read. undone: the latest deletion that can be undone."""

    changed = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.filter = RunFilter()
        self.ids: tuple[str, ...] | None = None
        self.tags: tuple[tuple[str, int], ...] = ()
        self.rows_number = 0
        self.trouble: EngineError | None = None
        self.refused: EngineError | None = None
        self.notes: tuple[str, ...] = ()
        self.taking_in: TakenIn | None = None
        self.deletions: deque[Deleted] = deque(maxlen=_MOST_UNDONE)
        self._rows: dict[str, RunRow] = {}
        # Rows that are not among these are shown as they were until they have been fetched again.
        self._current: set[str] = set()
        self._pages: set[int] = set()
        self._wanted: Sequence[str] = ()
        self._opening = Lock()
        self._index: RunIndex | None = None
        self._version = -1
        self._folder_ns = -1
        self._n_looks = 0
        self._notes_read = False
        self._visible = False
        self._scan = FileJob()
        self._queries = Background("runs", self._fail)
        # Reads traces, which takes longer: a filter must not wait for it.
        self.reader = Background("runs-reader", self._refuse)
        self._writing: set[object] = set()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._poll)

    # What is known

    def row(self, run_id: str) -> RunRow | None:
        """A run as far as it was fetched."""
        return self._rows.get(run_id)

    def row_at(self, place: int) -> RunRow | None:
        """The run in a row of the table; fetches its page if it is not there yet."""
        assert self.ids is not None
        run_id = self.ids[place]
        if run_id not in self._current:
            self._fetch(place // PAGE)
        return self._rows.get(run_id)

    @property
    def busy(self) -> bool:
        """Whether answers are still to come."""
        return self._queries.busy or self.reader.busy or self.taking_in is not None

    # Asking

    def set_visible(self, visible: bool) -> None:
        """Look for changes while the tab is visible; the first time, open the index."""
        self._visible = visible
        if visible:
            self._watch()
            self.refresh()
        elif not self.busy:
            self._timer.stop()

    def refresh(self) -> None:
        """List what the index knows, then bring it up to date with the folders."""
        self._query()
        self.take_in()

    def set_filter(self, wanted: RunFilter) -> None:
        """List what another filter lets through."""
        if wanted != self.filter:
            self.filter = wanted
            self._query()

    def take_in(self) -> None:
        """Read the folders that are new or changed, unless that is under way."""
        if self.taking_in is None:
            self.taking_in = TakenIn(0, 0)
            self._scan = FileJob()
            self.reader.ask(lambda: self._take_in_step(None), self._after_step)
            self._watch()

    def retry(self) -> None:
        """Open the index again."""
        self.trouble = None
        self._index = None
        self.refresh()
        self.changed.emit()

    def rename(self, run_id: str, title: str) -> None:
        """Give a run a title."""
        self._change(lambda index: index.rename(run_id, title))

    def set_note(self, run_id: str, note: str) -> None:
        """Replace the note of a run."""
        self._change(lambda index: index.set_note(run_id, note))

    def change_tags(self, ids: Sequence[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Add tags to runs and remove others."""

        def change(index: RunIndex) -> None:
            if add:
                index.add_tags(ids, add)
            if remove:
                index.remove_tags(ids, remove)

        self._change(change)

    def delete(self, ids: Sequence[str]) -> None:
        """Move runs to the trash."""
        self.refused = None
        self._ask(lambda index: index.delete(ids), self._after_deletion)

    def undo(self) -> None:
        """Bring back what was deleted last."""
        self.refused = None
        if self.deletions:
            deleted = self.deletions.pop()
            self._ask(lambda index: index.restore(deleted), self._after_restoring)

    def restore(self, ids: Sequence[str]) -> None:
        """Bring back deleted runs."""
        self.refused = None
        self._ask(lambda index: index.restore(ids), self._after_restoring)

    def dismiss(self) -> None:
        """Forget what there was to say."""
        self.refused, self.notes = None, ()
        self._notes_read = True
        self.deletions.clear()
        self.changed.emit()

    def want(self, ids: Sequence[str]) -> None:
        """Fetch the rows of these runs, wherever in the table they are."""
        if ids != self._wanted:
            self._wanted = ids
            self._ask(lambda index: index.rows(ids), self._after_rows, topic="wanted")

    def refuse(self, err: EngineError) -> None:
        """Say what could not be done."""
        self.refused = err
        self.changed.emit()

    def read(self, work: Callable[[], T], then: Callable[[T], None], *, topic: str) -> None:
        """Read traces beside the window; the newest of a topic counts."""
        self.reader.ask(work, then, topic=topic)
        self._watch()

    def write(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """Write files beside the window; `writing` until they are written or refused."""
        mark = object()
        self._writing.add(mark)

        def tracked() -> T:
            try:
                return work()
            finally:
                self._writing.discard(mark)

        self.read(tracked, then, topic="")

    @property
    def writing(self) -> bool:
        """Whether files are being written."""
        return bool(self._writing)

    def settled(self) -> bool:
        """Hand over what has arrived. Returns whether everything asked for is there."""
        self._queries.deliver()
        self.reader.deliver()
        return not self.busy

    def close(self) -> None:
        """End what is under way; no other method may be called."""
        self._timer.stop()
        self._scan.cancelled.set()
        self._queries.close()
        self.reader.close()
        if self._index is not None:
            self._index.close()
            self._index = None

    # On the threads

    def _opened(self) -> RunIndex:
        with self._opening:
            if self._index is None:
                self._index = RunIndex(self.folder)
                with suppress(EngineError):  # a folder that can only be read is still shown
                    self._index.purge(_KEPT_IN_TRASH_S)
            return self._index

    def _take_in_step(self, steps: "TakingIn | None") -> "tuple[TakingIn, TakenIn | None]":
        """One batch of new folders, so that other reading comes in between."""
        steps = steps or TakingIn(self._opened(), self._scan)
        return steps, steps.step()

    # Answers, on the window's thread

    def _after_step(self, answer: "tuple[TakingIn, TakenIn | None]") -> None:
        steps, progress = answer
        self.taking_in = progress
        if progress is not None:
            self.reader.ask(lambda: self._take_in_step(steps), self._after_step)
        self._look()
        self.changed.emit()

    def _after_query(self, answer: _Listing) -> None:
        ids, self.tags, version, notes = answer
        self.notes = () if self._notes_read else notes
        if version != self._version:
            self._version = version
            self._current.clear()
        self._pages.clear()
        self._wanted = ()
        self.rows_number += 1
        self.ids = ids
        self.trouble = None
        self.changed.emit()

    def _after_rows(self, rows: tuple[RunRow, ...]) -> None:
        if len(self._rows) > _MOST_ROWS:
            self._rows.clear()
            self._current.clear()
            self._pages.clear()
        self._rows.update({row.id: row for row in rows})
        self._current.update(row.id for row in rows)
        self.rows_number += 1
        self.changed.emit()

    def _after_deletion(self, deleted: Deleted) -> None:
        if deleted.ids:
            self.deletions.append(deleted)
        self._say_refused(deleted)
        self._query()

    def _after_restoring(self, restored: Deleted) -> None:
        self._say_refused(restored)
        self._query()

    def _say_refused(self, outcome: Deleted) -> None:
        if outcome.refused:
            first = outcome.refused[0]
            more = self.tr(" and {0:,} more").format(len(outcome.refused) - 1) if len(outcome.refused) > 1 else ""
            self.refused = EngineError(f"{first.id}{more}: {first.why}", self.tr("the others are done"))
        self.changed.emit()

    def _fail(self, err: EngineError) -> None:
        """The index could not be asked: opened again at the next try."""
        if self.ids is None or isinstance(err, IndexDamaged):
            self.trouble, self._index = err, None
        else:
            self.refused = err
        self.changed.emit()

    def _refuse(self, err: EngineError) -> None:
        """A trace could not be read, or the folders not be taken in."""
        self.taking_in = None
        if self._index is None:
            self.trouble = err
        else:
            self.refused = err
        self.changed.emit()

    # Plumbing

    def _ask(self, work: Callable[[RunIndex], T], then: Callable[[T], None], *, topic: str = "") -> None:
        self._queries.ask(lambda: work(self._opened()), then, topic=topic)
        self._watch()

    def _change(self, work: Callable[[RunIndex], None]) -> None:
        self._ask(work, lambda _: self._query())

    def _query(self) -> None:
        wanted = self.filter
        self._ask(
            lambda index: _listing(index, wanted),
            self._after_query,
            topic="filter",
        )

    def _fetch(self, page: int) -> None:
        assert self.ids is not None
        if page in self._pages:
            return
        self._pages.add(page)
        ids = self.ids[page * PAGE : (page + 1) * PAGE]
        self._ask(lambda index: index.rows(ids), self._after_rows)

    def _look(self) -> None:
        """Ask whether this or another window changed the index, or began a run."""
        self._ask(lambda index: (index.version(), _changed_ns(self.folder)), self._after_look, topic="look")

    def _after_look(self, answer: tuple[int, int]) -> None:
        version, folder_ns = answer
        if version != self._version:
            self._query()
        self._n_looks += 1
        began = self._folder_ns not in (-1, folder_ns)
        self._folder_ns = folder_ns
        if began or (self._n_looks % _LOOKS_A_SCAN == 0 and self._any_running()):
            self.take_in()

    def _any_running(self) -> bool:
        """Whether a run that was looked at was under way, and may have ended in another window."""
        return any(row.state == "running" for row in self._rows.values())

    def _watch(self) -> None:
        interval = _BUSY_MS if self.busy else _WATCH_MS
        if not self._timer.isActive() or self._timer.interval() != interval:
            self._timer.start(interval)

    def _poll(self) -> None:
        was_busy = self.busy
        self._queries.deliver()
        self.reader.deliver()
        if not was_busy and self._visible and self.trouble is None:
            self._look()
        if self.busy or self._visible:
            self._watch()
        else:
            self._timer.stop()


class TakingIn:
    """The folders that are being taken in, batch by batch."""

    def __init__(self, index: RunIndex, job: FileJob) -> None:
        self._steps = index.take_in(job)

    def step(self) -> TakenIn | None:
        """Take in a batch; None if there are no more."""
        return next(self._steps, None)


def _changed_ns(folder: Path) -> int:
    """When a run was last begun or deleted in this folder."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
