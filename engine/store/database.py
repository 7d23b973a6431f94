"""The SQLite file of the store: opened, migrated, and set aside if it is damaged.

* imports neither Qt nor torch."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from filelock import FileLock, Timeout

from engine.errors import EngineError, InputError

NAME = "index.sqlite"
# One step from each version to the next, in order; a step is never changed once it was released.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, method TEXT NOT NULL, target TEXT NOT NULL,
        drafter TEXT NOT NULL, started_utc TEXT NOT NULL, state TEXT NOT NULL, prompt TEXT NOT NULL,
        n_tokens INTEGER NOT NULL, alpha REAL, tau REAL, speedup REAL, tokens_per_s REAL, device TEXT NOT NULL,
        dtype TEXT NOT NULL, note TEXT NOT NULL, n_bytes INTEGER NOT NULL, damage TEXT NOT NULL,
        deleted_utc TEXT NOT NULL, mtime_ns INTEGER NOT NULL, labels_ns INTEGER NOT NULL, words TEXT NOT NULL,
        label_words TEXT NOT NULL
    );
    CREATE INDEX runs_by_start ON runs (deleted_utc, started_utc);
    CREATE TABLE tags (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, tag TEXT NOT NULL, PRIMARY KEY (run, tag)
    ) WITHOUT ROWID;
    CREATE INDEX tags_by_name ON tags (tag);
    CREATE TABLE store (version INTEGER NOT NULL);
    INSERT INTO store VALUES (0);
    """,
    # What a speedup is over, and a name that tells runs apart. Every trace counts as changed, so that it is read again.
    """
    ALTER TABLE runs ADD COLUMN name TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN speedup_low REAL;
    ALTER TABLE runs ADD COLUMN speedup_high REAL;
    ALTER TABLE runs ADD COLUMN speedup_is_range INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN speedup_n INTEGER NOT NULL DEFAULT 0;
    UPDATE runs SET mtime_ns = -1
    """,
    # How often its texts were rated blind.
    """
    ALTER TABLE runs ADD COLUMN n_rated INTEGER NOT NULL DEFAULT 0;
    UPDATE runs SET mtime_ns = -1
    """,
)
_MAGIC = b"SQLite format 3\x00"
_USER_VERSION = slice(60, 64)
# A number beyond it is no version but damage.
_LARGEST_VERSION = 9_999
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNWRITABLE = {
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
}  # fmt: skip
Value = str | int | float | None


class IndexDamaged(EngineError):
    """The index cannot be read; the traces are not affected."""

    def __init__(self, err: Exception) -> None:
        super().__init__(f"the index of the runs is damaged ({err})", "open it again: it is made anew from the runs")


class Unwritable(EngineError):
    """The index cannot be written: a full disk, a read-only folder."""


class Database:
    """One connection, for one thread at a time. notes: what had to be done to open it, in words.

    Errors of SQLite become EngineErrors: the index is locked, damaged, or cannot be written."""

    def __init__(self, folder: Path, *, wait_s: float = 5.0) -> None:
        """Open the index of a folder, or create it; in memory where it cannot be written.

        Raises InputError if it was written by a newer version, EngineError if another program keeps it locked."""
        self.path = folder / NAME
        self.notes: list[str] = []
        self._wait_s = wait_s
        self._lock = RLock()
        self._connection = self._opened()

    @property
    def in_memory(self) -> bool:
        """Whether nothing is kept after it was closed."""
        return not self._connection.execute("PRAGMA database_list").fetchone()[2]

    def rows(self, sql: str, *values: Value) -> list[tuple[Value, ...]]:
        """The rows of a query."""
        with self._lock, translated(self.path, self._wait_s):
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction, committed at the end; what another window writes waits. `version` grows if it changed rows."""
        with self._lock, translated(self.path, self._wait_s):
            self._connection.execute("BEGIN IMMEDIATE")
            before = self._connection.total_changes
            try:
                yield self._connection
                if self._connection.total_changes > before:
                    self._connection.execute("UPDATE store SET version = version + 1")
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def version(self) -> int:
        """A number that grows with every change, whichever window makes it."""
        ((version,),) = self.rows("SELECT version FROM store")
        assert isinstance(version, int)
        return version

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def _opened(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            refuse_newer(self.path)
            try:
                return connect(self.path, self._wait_s)
            except IndexDamaged as err:
                aside = set_aside(self.path, self._wait_s)
                self.notes.append(f"{err.message}; it was moved to {aside.name} and is made anew from the runs")
                return connect(self.path, self._wait_s)
        except (OSError, Unwritable) as err:
            reason = err.message if isinstance(err, Unwritable) else f"{self.path.parent} cannot be written ({err})"
            self.notes.append(f"{reason}; the list of runs is made anew each time, and nothing in it can be changed")
            return connect(None, self._wait_s)


def connect(path: Path | None, wait_s: float) -> sqlite3.Connection:
    """Open a database and bring it to the current version; None: one in memory.

    Raises InputError, IndexDamaged, Unwritable, EngineError."""
    with translated(path, wait_s):
        connection = sqlite3.connect(
            ":memory:" if path is None else path, timeout=wait_s, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            _refuse_damaged(connection)
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def migrate(connection: sqlite3.Connection, path: Path | None = None) -> None:
    """Take the steps that a database has not taken yet, all or none. Raises InputError if it is newer."""
    if _user_version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _user_version(connection)  # another window may have migrated it meanwhile
        if version > len(MIGRATIONS):
            raise newer(path, version)
        for step in MIGRATIONS[version:]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def refuse_newer(path: Path) -> None:
    """Raise InputError if a newer version wrote this file, which is read without SQLite: that alone may change it."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    version = int.from_bytes(header[_USER_VERSION], "big")
    if header.startswith(_MAGIC) and len(MIGRATIONS) < version <= _LARGEST_VERSION:
        raise newer(path, version)


def newer(path: Path | None, version: int) -> InputError:
    """The refusal of an index from a newer version."""
    return InputError(
        f"the index of the runs {path} has version {version}, this program knows up to {len(MIGRATIONS)}",
        "update Draftscope; each run can still be opened as a file",
    )


def set_aside(path: Path, wait_s: float) -> Path:
    """Rename a damaged index, unless another window did so meanwhile. Returns where it is now."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    try:
        with FileLock(path.with_name(".index.lock"), timeout=wait_s):
            with suppress(IndexDamaged):
                connect(path, wait_s).close()
                return aside
            for ending in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    path.with_name(path.name + ending).replace(aside.with_name(aside.name + ending))
    except Timeout as err:
        raise locked(path, wait_s) from err
    return aside


@contextmanager
def translated(path: Path | None, wait_s: float) -> Iterator[None]:
    """Turn errors of SQLite into EngineErrors that say what to do."""
    try:
        yield
    except sqlite3.Error as err:
        code = getattr(err, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in _BUSY:
            raise locked(path, wait_s) from err
        if primary in _DAMAGED:
            raise IndexDamaged(err) from err
        if primary in _UNWRITABLE:
            raise Unwritable(
                f"the index of the runs {path} cannot be written ({err})", "free the disk, or check its rights"
            ) from err
        raise


def locked(path: Path | None, wait_s: float) -> EngineError:
    """The error of an index that another program does not release."""
    return EngineError(
        f"the index of the runs {path} has been in use by another program for {wait_s:g} s",
        "try again when that has ended; the runs themselves are not affected",
    )


def placeholders(values: Sequence[object]) -> str:
    """As many placeholders as there are values."""
    return ", ".join("?" * len(values))


def _user_version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _refuse_damaged(connection: sqlite3.Connection) -> None:
    """Raise IndexDamaged if a page of the file is not as it must be."""
    ((verdict,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise IndexDamaged(ValueError(verdict))
