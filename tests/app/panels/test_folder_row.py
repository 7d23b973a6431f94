"""A folder of the settings: chosen for the next start, refused where nothing can be kept, taken back."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.panels.folder_row import FolderRow
from engine.machine import folders


@pytest.fixture
def row(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> FolderRow:
    monkeypatch.delenv("XDG_DATA_HOME")
    row = FolderRow("data", "Runs", Path("/usual"), None)  # type: ignore[arg-type]
    qtbot.addWidget(row)
    return row


def test_a_chosen_folder_is_shown_and_saved_and_can_be_taken_back(row: FolderRow, tmp_path: Path) -> None:
    heard: list[str] = []
    row.changed.connect(heard.append)
    assert row.label.text() == "/usual" and not row.usual.isEnabled()
    row.choose(str(tmp_path))
    assert folders.saved().data == str(tmp_path) and row.label.toolTip() == f"<p>{tmp_path}</p>"
    assert "next start" in heard[-1]
    row.usual.click()
    assert folders.saved().data == "" and row.label.text() == "/usual"


@pytest.mark.parametrize("folder", ["relative", "/no/such/folder", "/etc/hostname", "a\udcff", "/proc"])
def test_a_folder_in_which_nothing_can_be_kept_is_refused_with_the_reason(row: FolderRow, folder: str) -> None:
    heard: list[str] = []
    row.changed.connect(heard.append)
    row.choose(folder)
    assert heard[0].startswith("⚠") and folders.saved().data == "" and row.label.text() == "/usual"


def test_a_variable_that_decides_is_named(row: FolderRow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    row.show_choice()
    assert not row.change.isEnabled() and "XDG_DATA_HOME is set" in row.change.toolTip()
