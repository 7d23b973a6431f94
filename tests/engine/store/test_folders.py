"""Folders of runs: only safe names, no links, and a way to the trash that loses nothing."""

from pathlib import Path

import pytest

from engine.errors import InputError
from engine.store import folders
from tests.engine.store.kept import keep, run


@pytest.mark.parametrize("name", ["", ".", "..", ".trash", "a/b", "a\\b", "a\0", "-x", "a b", "ä", "x" * 300, "a\n"])
def test_odd_names_are_no_runs(name: str) -> None:
    assert not folders.is_safe(name)
    with pytest.raises(InputError, match="there is no run"):
        folders.checked(name)


def test_a_scan_finds_runs_and_the_deleted_ones_last(tmp_path: Path) -> None:
    first, second = keep(tmp_path, run(0)), keep(tmp_path, run(1))
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").write_text("")
    assert folders.to_trash(tmp_path, first)
    assert [(found.id, found.deleted) for found in folders.scan(tmp_path)] == [(second, False), (first, True)]
    assert list(folders.scan(tmp_path / "gone")) == []


def test_a_run_of_a_name_that_is_in_the_trash_makes_the_older_one_move_over(tmp_path: Path) -> None:
    name = keep(tmp_path, run(0, "old"))
    assert folders.to_trash(tmp_path, name)
    assert keep(tmp_path, run(0, "new")) == name
    assert not folders.from_trash(tmp_path, name), "one of its name is back"
    assert folders.to_trash(tmp_path, name)
    assert {found.id for found in folders.scan(tmp_path)} == {name, f"{name}.1"}
    assert b"new" in folders.trace_path(tmp_path, name, deleted=True).read_bytes()


def test_what_is_gone_cannot_be_moved(tmp_path: Path) -> None:
    assert not folders.to_trash(tmp_path, "gone")
    assert not folders.from_trash(tmp_path, "gone")
    folders.purge(tmp_path, "gone")
    assert not list(folders.scan(tmp_path))


def test_purging_leaves_what_a_link_in_the_run_leads_to(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("kept")
    runs = tmp_path / "runs"
    name = keep(runs, run(0))
    (runs / name / "link").symlink_to(tmp_path / "mine")
    assert folders.to_trash(runs, name)
    folders.purge(runs, name)
    assert (tmp_path / "mine" / "file").read_text() == "kept"
