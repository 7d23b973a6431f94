"""The box of questions: the built-in world, files by name, and what is kept from start to start."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app.panels.dataset_box import BUILTIN, DatasetBox


@pytest.fixture
def box(qtbot: QtBot) -> DatasetBox:
    shown = DatasetBox(None)  # type: ignore[arg-type]
    qtbot.addWidget(shown)
    return shown


def test_a_file_is_chosen_once_and_shown_by_its_name(box: DatasetBox, qtbot: QtBot) -> None:
    assert box.is_builtin and box.dataset() == BUILTIN
    with qtbot.waitSignal(box.changed):
        box.choose("/questions/<b>mine</b>.jsonl")
    box.choose(BUILTIN)
    box.choose("/questions/<b>mine</b>.jsonl")
    assert box.box.count() == 2 and box.box.currentText() == "b>.jsonl" and not box.is_builtin


def test_only_the_newest_files_are_kept(box: DatasetBox) -> None:
    for number in range(12):
        box.choose(f"/questions/{number}.jsonl")
    assert box.box.count() == 9 and box.box.itemText(0) == "built-in world" and box.dataset() == "/questions/11.jsonl"


def test_a_file_that_is_gone_is_not_restored(box: DatasetBox, tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    file = tmp_path / "mine.jsonl"
    file.touch()
    box.choose(str(file))
    box.save(settings, "dataset")
    box.choose(BUILTIN)
    box.restore(settings, "dataset")
    assert box.dataset() == str(file)
    file.unlink()
    box.choose(BUILTIN)
    box.restore(settings, "dataset")
    assert box.is_builtin
