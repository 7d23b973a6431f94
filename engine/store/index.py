"""The index of all runs, comparisons, trainings, evaluations and measurements: searched, labelled, deleted, restored.

* imports neither Qt nor torch. Calls wait for the disk, and for another window that writes: never make them on the
thread of a window."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.errors import EngineError
from engine.machine.refused_writes import way_out
from engine.runs.trace import FileJob
from engine.statistics import Interval
from engine.store import folders, labels, taking_in
from engine.store.database import Database, Value, placeholders
from engine.store.labels import Labels
from engine.store.rows import Deleted, NotDeleted, RunFilter, RunRow, SortKey, TakenIn

_SORTED_BY: dict[SortKey, str] = {
    "started": "started_utc", "tokens": "n_tokens", "bytes": "n_bytes", "tokens_per_s": "tokens_per_s",
    "title_or_prompt": "coalesce(nullif(title, ''), nullif(name, ''), prompt)",
}  # fmt: skip
_TEXTS = {"title", "title_or_prompt", "kind", "method", "target", "drafter", "state", "prompt", "device"}
_SHOWN = (
    "id", "kind", "title", "method", "target", "drafter", "started_utc", "state", "prompt", "n_tokens", "alpha", "tau",
    "speedup", "tokens_per_s", "device", "dtype", "note", "n_bytes", "damage", "deleted_utc",
    "name", "speedup_low", "speedup_high", "speedup_is_range", "speedup_n", "n_rated",
)  # fmt: skip
_RUNNING = "it is still running: stop it first"


class RunIndex:
    """The index of a folder of runs. Several windows and commands may use one at a time, and several threads one
    RunIndex. notes: what had to be done to open it (a damaged index was made anew, nothing can be written), in words.

    Every method may raise EngineError: the index is locked for longer than `wait_s`, damaged, or the disk is full."""

    def __init__(self, folder: Path, *, wait_s: float = 5.0) -> None:
        """Open or create the index in `folder` (engine.machine.paths.runs()); it is up to date after `take_in`.

        Raises InputError if a newer version wrote it; it is left as it is then."""
        self.folder = folder
        self._database = Database(folder, wait_s=wait_s)
        self.notes: tuple[str, ...] = tuple(self._database.notes)

    def take_in(self, job: FileJob | None = None) -> Iterator[TakenIn]:
        """Bring the index up to date with the folders, newest first; yields the progress, at least once.

        Takes tens of milliseconds if nothing changed in 10,000 runs. `job.cancelled` stops it; what was taken in
        stays."""
        yield from taking_in.take_in(self._database, self.folder, job or FileJob())

    def ids(self, wanted: RunFilter | None = None) -> tuple[str, ...]:
        """The ids of the runs that a filter lets through, in its order."""
        where, values = _condition(wanted or RunFilter())
        order = _order(wanted or RunFilter())
        rows = self._database.rows(f"SELECT id FROM runs WHERE {where} ORDER BY {order}", *values)
        return tuple(str(run_id) for (run_id,) in rows)

    def rows(self, ids: Sequence[str]) -> tuple[RunRow, ...]:
        """The rows of these runs in this order; those that are gone meanwhile are left out."""
        asked = json.dumps(list(ids))
        among = "IN (SELECT value FROM json_each(?))"
        found = self._database.rows(f"SELECT {', '.join(_SHOWN)} FROM runs WHERE id {among}", asked)
        tags: dict[str, list[str]] = {}
        for run_id, tag in self._database.rows(f"SELECT run, tag FROM tags WHERE run {among} ORDER BY tag", asked):
            tags.setdefault(str(run_id), []).append(str(tag))
        rows = {str(values[0]): self._row(values, tuple(tags.get(str(values[0]), ()))) for values in found}
        return tuple(rows[run_id] for run_id in ids if run_id in rows)

    def matching(self, part: str, *, deleted: bool = False) -> tuple[str, ...]:
        """The ids with `part` at an end or where a part of theirs begins: an exact one alone, else all.

        deleted: among the deleted ones."""
        rows = self._database.rows(
            "SELECT id FROM runs WHERE (deleted_utc != '') = ?2 AND (substr(id, 1, length(?1)) = ?1"
            " OR substr(id, -length(?1)) = ?1 OR instr(id, '-' || ?1) > 0) ORDER BY id",
            part,
            deleted,
        )
        ids = tuple(str(run_id) for (run_id,) in rows) if part else ()
        return (part,) if part in ids else ids

    def tags(self) -> tuple[tuple[str, int], ...]:
        """Every tag and how many runs that are not deleted have it, by name."""
        rows = self._database.rows(
            "SELECT tag, count(*) FROM tags JOIN runs ON run = id WHERE deleted_utc = '' GROUP BY tag ORDER BY tag"
        )
        return tuple((str(tag), int(n or 0)) for tag, n in rows)

    def rename(self, run_id: str, title: str) -> None:
        """Give a run a title; an empty one takes it away. Raises InputError if there is no such run."""
        self._relabel([run_id], lambda old: Labels(title, old.tags, old.note))

    def set_note(self, run_id: str, note: str) -> None:
        """Replace the note of a run. Raises InputError if there is no such run."""
        self._relabel([run_id], lambda old: Labels(old.title, old.tags, note))

    def add_tags(self, ids: Sequence[str], tags: Sequence[str]) -> None:
        """Add tags to runs; those that are gone meanwhile are passed over."""
        self._relabel(ids, lambda old: Labels(old.title, (*old.tags, *tags), old.note))

    def remove_tags(self, ids: Sequence[str], tags: Sequence[str]) -> None:
        """Remove tags from runs."""
        dropped = set(tags)
        self._relabel(ids, lambda old: Labels(old.title, tuple(t for t in old.tags if t not in dropped), old.note))

    def delete(self, ids: Sequence[str]) -> Deleted:
        """Move runs to the trash, from which `restore` brings them back until `purge`. A running one is refused."""
        return self._move(ids, to_trash=True)

    def restore(self, deleted: Deleted | Sequence[str]) -> Deleted:
        """Bring deleted runs back; the answer says which came back, which were gone, and why others could not."""
        return self._move(deleted.ids if isinstance(deleted, Deleted) else deleted, to_trash=False)

    def purge(self, older_than_s: float = 0.0) -> tuple[str, ...]:
        """Remove for good what was deleted longer ago than this; returns the ids."""
        before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - older_than_s))
        rows = self._database.rows("SELECT id FROM runs WHERE deleted_utc != '' AND deleted_utc <= ?", before)
        ids = tuple(str(run_id) for (run_id,) in rows)
        try:
            for run_id in ids:
                folders.purge(self.folder, run_id)
        except OSError as err:
            raise EngineError(f"the trash cannot be emptied ({err})", "see the rights of the folder") from err
        with self._database.writing() as connection:
            connection.executemany("DELETE FROM runs WHERE id = ?", [(run_id,) for run_id in ids])
        return ids

    def version(self) -> int:
        """A number that grows with every change of the index, whichever window makes it; takes microseconds.

        Runs that another window's engine wrote are not in the index before someone calls `take_in`."""
        return self._database.version()

    def changed_since(self, version: int) -> bool:
        """Whether the index changed since `version()` returned this."""
        return self._database.version() != version

    def close(self) -> None:
        """Close the index; no other method may be called."""
        self._database.close()

    def _row(self, values: tuple[Value, ...], tags: tuple[str, ...]) -> RunRow:
        *shown, low, high, is_range, n, n_rated = values
        deleted = bool(shown[19])
        path = folders.trace_path(self.folder, str(shown[0]), deleted=deleted)
        ends = None if low is None or high is None else Interval(float(low), float(high))
        spread = (None, ends, n) if is_range else (ends, None, n)
        return RunRow._make((*shown[:16], tags, *shown[16:18], path, *shown[18:], *spread, n_rated))

    def _relabel(self, ids: Sequence[str], change: Callable[[Labels], Labels]) -> None:
        """Change the labels of runs: in the files beside their traces, and in the index.

        The transaction begins first, so that of two windows one waits for what the other wrote."""
        missing = []
        with self._database.writing() as connection:
            for run_id in ids:
                (state,) = connection.execute("SELECT deleted_utc FROM runs WHERE id = ?", (run_id,)).fetchone() or (
                    None,
                )
                folder = folders.trace_path(self.folder, run_id, deleted=bool(state)).parent
                if state is None or not folder.is_dir():
                    missing.append(run_id)
                    continue
                new = labels.cleaned(change(labels.read(folder)))
                labels.write(folder, new)
                connection.execute(
                    "UPDATE runs SET title = ?, note = ?, label_words = ?, labels_ns = ? WHERE id = ?",
                    (new.title, new.note, taking_in.words_of(new), folders.labels_ns(folder), run_id),
                )
                taking_in.write_tags(connection, run_id, new.tags)
        if missing and len(missing) == len(ids):
            raise folders.no_such(missing[0])

    def _move(self, ids: Sequence[str], *, to_trash: bool) -> Deleted:
        moved, missing, refused = list[str](), list[str](), list[NotDeleted]()
        for run_id in dict.fromkeys(ids):
            try:
                if to_trash and folders.is_running(self.folder, run_id):
                    refused.append(NotDeleted(run_id, _RUNNING))
                    continue
                was_there = (folders.to_trash if to_trash else folders.from_trash)(self.folder, run_id)
                (moved if was_there else missing).append(run_id)
            except OSError as err:
                why = f"its folder cannot be moved ({err.strerror or err}): {way_out(err)}"
                refused.append(NotDeleted(run_id, why))
        utc = taking_in.now_utc() if to_trash else ""
        with self._database.writing() as connection:
            connection.executemany("UPDATE runs SET deleted_utc = ? WHERE id = ?", [(utc, run_id) for run_id in moved])
        return Deleted(tuple(moved), tuple(missing), tuple(refused))


def _condition(wanted: RunFilter) -> tuple[str, list[Value]]:
    """The condition of a filter and its values."""
    parts, values = ["deleted_utc != ''" if wanted.deleted else "deleted_utc = ''"], list[Value]()
    for term in wanted.text.replace("\0", " ").casefold().split():
        parts.append("(instr(words, ?) OR instr(label_words, ?))")
        values += [term, term]
    for column, choices in (("kind", wanted.kinds), ("state", wanted.states)):
        if choices:
            parts.append(f"{column} IN ({placeholders(choices)})")
            values += choices
    for tag in wanted.tags:
        parts.append("EXISTS (SELECT 1 FROM tags WHERE run = id AND tag = ?)")
        values.append(tag)
    return " AND ".join(parts), values


def _order(wanted: RunFilter) -> str:
    """The order of a filter; the id makes it the same each time."""
    column = _SORTED_BY.get(wanted.order, wanted.order)
    direction = "DESC" if wanted.descending else "ASC"
    unknown = f"{column} = ''" if wanted.order in _TEXTS else f"{column} IS NULL"
    first = "" if wanted.order == "started" else f"{unknown}, {column} {direction}, "
    return f"{first}started_utc {direction}, id {direction}"
