"""The user's own folders: kept in one file, read at the start, overruled by variables."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.machine import folders, paths
from engine.machine.folders import ChosenFolders


@pytest.fixture(autouse=True)
def new_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As a program that starts without variables."""
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "HF_HUB_CACHE", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    folders._at_start.cache_clear()
    yield
    folders._at_start.cache_clear()


def test_chosen_folders_count_from_the_next_start(tmp_path: Path) -> None:
    usual = paths.user_data()
    folders.save(ChosenFolders(data=str(tmp_path / "d"), models=str(tmp_path / "m")))
    assert paths.user_data() == usual and folders.saved().data == str(tmp_path / "d")
    folders._at_start.cache_clear()
    assert paths.runs() == tmp_path / "d" / "runs" and paths.user_cache().name == "draftscope"
    folders.apply_to_hub()
    assert os.environ.pop("HF_HUB_CACHE") == str(tmp_path / "m")


def test_a_variable_comes_before_the_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders.save(ChosenFolders(data=str(tmp_path / "d"), models=str(tmp_path / "m")))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "x"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "h"))
    assert paths.user_data() == tmp_path / "x" / "draftscope"
    assert [folders.deciding_variable(kind) for kind in ("data", "cache", "models")] == ["XDG_DATA_HOME", "", "HF_HOME"]
    folders.apply_to_hub()
    assert "HF_HUB_CACHE" not in os.environ


@pytest.mark.parametrize("text", [b"", b"[]", b'{"data": 3}', b'{"data": "relative"}', b"\xff{", b'{"data": "'])
def test_a_damaged_file_chooses_nothing(text: bytes) -> None:
    folders.save(ChosenFolders())
    folders._file().write_bytes(text)
    assert folders.chosen_folder("data") is None


def test_without_a_home_folder_variables_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> str:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("platformdirs.user_config_dir", nobody)
    monkeypatch.setattr(Path, "home", nobody)
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    assert paths.user_data() == tmp_path / "XDG_DATA_HOME" / "draftscope"
    assert paths.user_cache() == tmp_path / "XDG_CACHE_HOME" / "draftscope"
    assert paths.hub_cache() == tmp_path / "HF_HUB_CACHE"
