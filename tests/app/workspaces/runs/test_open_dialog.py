"""Ctrl+O and Open recent: runs by what they were, and the way to any other file."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.choices.recent_files import RecentFiles
from app.workspaces.runs.library import RunLibrary
from app.workspaces.runs.open_dialog import OpenDialog
from app.workspaces.runs.recent_menu import RecentMenu
from engine.machine import paths
from tests.app.workspaces.runs.kept_runs import keep_some, settle, texts


@pytest.fixture
def dialog(qtbot: QtBot):
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = OpenDialog(RunLibrary(paths.runs()), parent)
    yield dialog
    dialog.close()
    dialog.shut_down()


def test_runs_are_listed_by_what_they_were_and_enter_opens_one(dialog: OpenDialog, qtbot: QtBot) -> None:
    keep_some()
    opened: list[Path] = []
    dialog.opened.connect(opened.append)
    dialog.show_beside()
    settle(qtbot, dialog._library)
    names = texts(qtbot, dialog._library, dialog.table.model(), 2)
    assert len(names) == 3 and any("beta" in name for name in names)
    dialog.bar.search.setText("beta")
    settle(qtbot, dialog._library)
    dialog._library._rows.clear()  # as where nothing was painted yet
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(opened))
    assert len(opened) == 1 and opened[0].name == "trace.jsonl" and not dialog.isVisible()


def test_without_runs_it_says_so_and_another_file_can_be_chosen(dialog: OpenDialog, qtbot: QtBot) -> None:
    opened: list[Path] = []
    dialog.opened.connect(opened.append)
    dialog.show_beside()
    settle(qtbot, dialog._library)
    assert dialog.empty.text() == "Nothing is kept yet." and not dialog.open_button.isEnabled()
    dialog._open_other(Path("/elsewhere/trace.jsonl"))
    assert opened == [Path("/elsewhere/trace.jsonl")]


def test_the_newest_runs_stand_in_the_menu_by_what_they_were(qtbot: QtBot) -> None:
    keep_some()
    parent, chosen = QWidget(), list[Path]()
    qtbot.addWidget(parent)
    files = RecentFiles()
    files.add(Path("/elsewhere/a & b.jsonl"))
    menu = RecentMenu(lambda: RunLibrary(paths.runs()), files, chosen.append, parent)
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: len(menu.actions()) > 5)
    texts = [action.text() for action in menu.actions()]
    assert any("beta" in text for text in texts) and "a && b.jsonl" in texts
    menu.actions()[0].trigger()
    assert chosen[0].is_relative_to(paths.runs())
    menu.actions()[-1].trigger()
    assert files.entries == () and "a && b.jsonl" not in [action.text() for action in menu.actions()]
    menu.shut_down()
