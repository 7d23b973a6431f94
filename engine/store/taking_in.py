"""Brings the index up to date with the folders: new, changed and vanished runs, those of other windows included.

* imports neither Qt nor torch. Two processes may do so at once: both write the same."""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from engine.runs.run_log import is_being_written
from engine.runs.trace import FileJob
from engine.store import folders, labels
from engine.store.database import Database, Value
from engine.store.digest import Digest, digest
from engine.store.folders import RunFolder
from engine.store.labels import Labels
from engine.store.rows import RunState, TakenIn

# Rows are written together, at the latest after this time, so that a window sees them soon.
_BATCH_S, _MOST_IN_BATCH = 0.25, 200
COLUMNS = (
    "id", "kind", "title", "method", "target", "drafter", "started_utc", "state", "prompt", "n_tokens", "alpha", "tau",
    "speedup", "tokens_per_s", "device", "dtype", "note", "n_bytes", "damage", "deleted_utc", "mtime_ns", "labels_ns",
    "words", "label_words", "name", "speedup_low", "speedup_high", "speedup_is_range", "speedup_n", "n_rated",
)  # fmt: skip
_UPSERT = (
    f"INSERT INTO runs ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
)
_CUT_OFF = "it was cut off before its end"


class _Known(NamedTuple):
    """What the index holds of a folder."""

    n_bytes: int
    mtime_ns: int
    labels_ns: int
    state: RunState
    deleted_utc: str


class _Entry(NamedTuple):
    """A row to be written."""

    folder: RunFolder
    digest: Digest
    labels: Labels
    state: RunState
    damage: str
    deleted_utc: str


def take_in(database: Database, folder: Path, job: FileJob) -> Iterator[TakenIn]:
    """Compare the folders with the index and write the differences, newest runs first; `job` can stop it.

    Yields how far it is after each batch, and at least once. Raises EngineError: the index is locked or damaged."""
    known = _known(database)
    present = {found.id: found for found in folders.scan(folder)}
    changed = sorted((f for f in present.values() if _has_changed(f, known.get(f.id))), reverse=True)
    vanished = [run_id for run_id in known if run_id not in present and not _exists(folder, run_id)]
    if vanished:
        with database.writing() as connection:
            connection.executemany("DELETE FROM runs WHERE id = ?", [(run_id,) for run_id in vanished])
    yield TakenIn(0, len(changed))
    batch: list[_Entry] = []
    started = time.monotonic()
    for done, found in enumerate(changed, 1):
        if job.cancelled.is_set():
            break
        batch.append(_entry(found, known.get(found.id)))
        if len(batch) == _MOST_IN_BATCH or time.monotonic() - started > _BATCH_S:
            _write(database, batch)
            batch, started = [], time.monotonic()
            yield TakenIn(done, len(changed))
    if batch:
        _write(database, batch)
        yield TakenIn(len(changed), len(changed))


def _known(database: Database) -> Mapping[str, _Known]:
    rows = database.rows("SELECT id, n_bytes, mtime_ns, labels_ns, state, deleted_utc FROM runs")
    return {str(row[0]): _Known(*row[1:]) for row in rows}  # type: ignore[arg-type]


def _has_changed(found: RunFolder, known: _Known | None) -> bool:
    if known is None or found.labels_ns != known.labels_ns or found.deleted != bool(known.deleted_utc):
        return True
    if known.state != "running":
        return (found.n_bytes, found.mtime_ns) != (known.n_bytes, known.mtime_ns)
    # A long run is not read again for each of its rounds, but when it has doubled, and when it has ended.
    return found.n_bytes >= 2 * known.n_bytes or not is_being_written(found.path.parent)


def _exists(folder: Path, run_id: str) -> bool:
    """Whether a run is there after all: it may have been moved between two looks."""
    return any(folders.trace_path(folder, run_id, deleted=deleted).is_file() for deleted in (False, True))


def _entry(found: RunFolder, known: _Known | None) -> _Entry:
    being_written = is_being_written(found.path.parent)  # before the trace is read: a run may end meanwhile
    content = digest(found.path)
    state: RunState
    if content.end != "none":
        state, damage = content.end, content.damage
    elif being_written:
        state, damage = "running", ""
    else:
        state, damage = "stopped", content.damage or _CUT_OFF
    deleted_utc = "" if not found.deleted else (known.deleted_utc if known else "") or now_utc()
    return _Entry(found, content, labels.read(found.path.parent), state, damage, deleted_utc)


def _write(database: Database, batch: list[_Entry]) -> None:
    with database.writing() as connection:
        for entry in batch:
            connection.execute(_UPSERT, _values(entry))
            write_tags(connection, entry.folder.id, entry.labels.tags)


def write_tags(connection: sqlite3.Connection, run_id: str, tags: tuple[str, ...]) -> None:
    """Replace the tags of a run."""
    connection.execute("DELETE FROM tags WHERE run = ?", (run_id,))
    connection.executemany("INSERT INTO tags VALUES (?, ?)", [(run_id, tag) for tag in tags])


def words_of(content: Labels) -> str:
    """What a search looks through besides the words of the trace."""
    return "\n".join((content.title, *content.tags, content.note)).casefold()


def _values(entry: _Entry) -> tuple[Value, ...]:
    found, content, written = entry.folder, entry.digest, entry.labels
    return (
        found.id, content.kind, written.title, content.method, content.target, content.drafter,
        content.started_utc or _stamp(found), entry.state, content.prompt, content.n_tokens, content.alpha,
        content.tau, content.speedup, content.tokens_per_s, content.device, content.dtype, written.note, found.n_bytes,
        entry.damage, entry.deleted_utc, found.mtime_ns, found.labels_ns, content.words, words_of(written),
        content.name, *(content.speedup_ci or content.speedup_range or (None, None)),
        int(content.speedup_ci is None and content.speedup_range is not None), content.speedup_n, content.n_rated,
    )  # fmt: skip


def _stamp(found: RunFolder) -> str:
    """The time of the last change, where a trace does not say when it began."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(found.mtime_ns / 1e9))


def now_utc() -> str:
    """The time now, as the store writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
