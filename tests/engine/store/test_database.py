"""The database: migrated, refused if newer, set aside if damaged, waited for if locked, and never in the way."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import EngineError, InputError
from engine.store import database
from engine.store.database import MIGRATIONS, NAME, Database, IndexDamaged
from engine.store.index import RunIndex
from tests.engine.store.kept import keep, opened, run


def user_version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_a_new_index_has_the_current_version(tmp_path: Path) -> None:
    Database(tmp_path).close()
    assert user_version(tmp_path / NAME) == len(MIGRATIONS)


def test_an_older_index_takes_the_steps_that_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = keep(tmp_path, run(0))
    opened(tmp_path).close()
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, "ALTER TABLE runs ADD COLUMN stars INTEGER"))
    with closing(RunIndex(tmp_path)) as index:
        assert index.ids() == (name,)
        assert index.notes == ()
    assert user_version(tmp_path / NAME) == len(MIGRATIONS) + 1


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, run(0))
    opened(tmp_path).close()
    bad = (*MIGRATIONS, "CREATE TABLE later (a); CREATE TABLE later (a)")
    monkeypatch.setattr(database, "MIGRATIONS", bad)
    with pytest.raises(sqlite3.OperationalError):
        Database(tmp_path)
    monkeypatch.undo()
    with closing(opened(tmp_path)) as index:
        assert len(index.ids()) == 1


def test_a_newer_index_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    Database(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(InputError, match=r"version 99.*update Draftscope"):
        RunIndex(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_index_is_set_aside_and_made_anew(tmp_path: Path, content: bytes) -> None:
    name = keep(tmp_path, run(0))
    with closing(opened(tmp_path)) as index:
        index.add_tags([name], ["kept"])
    (tmp_path / NAME).write_bytes(content)
    with closing(opened(tmp_path)) as index:
        assert index.rows(index.ids())[0].tags == ("kept",)
        assert "is damaged" in index.notes[0]
        assert "made anew" in index.notes[0]
    (aside,) = tmp_path.glob(f"{NAME}.damaged-*")
    assert aside.read_bytes() == content


def test_an_index_damaged_in_the_middle_is_set_aside(tmp_path: Path) -> None:
    for number in range(60):
        keep(tmp_path, run(number))
    opened(tmp_path).close()
    raw = bytearray((tmp_path / NAME).read_bytes())
    raw[8192 : 8192 + 2048] = b"\xa5" * 2048
    (tmp_path / NAME).write_bytes(raw)
    with closing(opened(tmp_path)) as index:
        assert len(index.ids()) == 60
        assert index.notes


def test_damage_that_shows_later_is_said_and_mended_by_opening_again(tmp_path: Path) -> None:
    keep(tmp_path, run(0))
    index = opened(tmp_path)
    with pytest.raises(IndexDamaged, match="open it again"), database.translated(None, 0):
        err = sqlite3.DatabaseError("database disk image is malformed")
        err.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise err
    index.close()


def test_an_index_that_another_program_locks_is_waited_for_and_then_said(tmp_path: Path) -> None:
    name = keep(tmp_path, run(0))
    with closing(opened(tmp_path)) as index, closing(sqlite3.connect(tmp_path / NAME)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EngineError, match="in use by another program"):
            index.rename(name, "new")
        assert index.rows([name])[0].title == "", "reading goes on meanwhile"
        other.rollback()
        index.rename(name, "new")
        assert index.rows([name])[0].title == "new"


def test_an_index_locked_as_a_whole_cannot_be_opened(tmp_path: Path) -> None:
    keep(tmp_path, run(0))
    opened(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / NAME)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(EngineError, match="in use by another program"):
            RunIndex(tmp_path, wait_s=0.1)


def test_a_folder_that_cannot_be_written_is_listed_from_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = keep(tmp_path, run(0))
    connect = sqlite3.connect

    def refuse(path: object, **options: object) -> sqlite3.Connection:
        if path != ":memory:":
            err = sqlite3.OperationalError("attempt to write a readonly database")
            err.sqlite_errorcode = sqlite3.SQLITE_READONLY
            raise err
        return connect(":memory:", **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with closing(opened(tmp_path)) as index:
        assert index.ids() == (name,)
        assert "cannot be written" in index.notes[0]
    assert not (tmp_path / NAME).exists()


def test_a_place_that_is_no_folder_has_no_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with closing(opened(tmp_path / "file" / "runs")) as index:
        assert index.ids() == ()
        assert index.notes


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    name = keep(tmp_path, run(0))
    with closing(opened(tmp_path)) as index:
        index._database._connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(EngineError, match=r"cannot be written.*free the disk"):
            for number in range(200):
                index.set_note(name, f"{number} " * 4000)
        assert index.ids() == (name,)


def test_an_index_of_version_1_is_migrated_and_its_runs_are_read_again(tmp_path: Path) -> None:
    run_id = keep(tmp_path, run(1, "Hello"))
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        for statement in MIGRATIONS[0].split(";"):
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        trace = tmp_path / run_id / "trace.jsonl"
        columns = [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
        values = dict.fromkeys(columns, "") | {
            "id": run_id, "kind": "run", "state": "finished", "n_tokens": 1, "n_bytes": trace.stat().st_size,
            "mtime_ns": trace.stat().st_mtime_ns, "labels_ns": 0, "alpha": None, "tau": None, "speedup": 9.0,
            "tokens_per_s": None,
        }  # fmt: skip
        connection.execute(f"INSERT INTO runs VALUES ({', '.join('?' * len(columns))})", list(values.values()))
        connection.commit()
    index = opened(tmp_path)
    (row,) = index.rows(index.ids())
    index.close()
    assert row.speedup != 9.0 and row.speedup_n >= 1 and row.name.endswith("Hello")
