"""Pipes, devices and folders are told from files without being opened."""

import os
from pathlib import Path

import pytest

from engine.machine.file_kinds import why_irregular


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
