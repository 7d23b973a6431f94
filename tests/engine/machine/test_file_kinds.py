"""Pipes, devices and folders are told from files without being opened."""

import os
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.machine.file_kinds import refuse_irregular, why_irregular


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    assert why_irregular(tmp_path / "pipe") == "a pipe"
    assert why_irregular(tmp_path / "link") == "a device"
    assert why_irregular(tmp_path) == "a folder"


def test_files_and_what_is_missing_are_let_through(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    assert (
        why_irregular(tmp_path / "f") == why_irregular(tmp_path / "none") == why_irregular(tmp_path / "f" / "x") == ""
    )


def test_loop_of_links_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic"):
        why_irregular(tmp_path / "loop")


def test_irregular_or_huge_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a pipe, not a file; name a file"):
        refuse_irregular(tmp_path / "pipe", "name a file")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)
    refuse_irregular(tmp_path / "huge", "name a file")
    with pytest.raises(InputError, match="more than the 64 MiB"):
        refuse_irregular(tmp_path / "huge", "name a file", most_bytes=64 << 20)


def test_what_cannot_be_looked_at_is_left_to_whoever_opens_it(tmp_path: Path) -> None:
    for name in ("none", "nul\0", "x" * 5000):
        assert refuse_irregular(tmp_path / name, "name a file", most_bytes=1) is None
