"""Docks of one side fold away together, come back together, and are shown and hidden by one switch."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QDockWidget, QMainWindow
from pytestqt.qtbot import QtBot

from app.workspaces.decode.dock_group import DockGroup


@pytest.fixture
def group(qtbot: QtBot) -> Iterator[DockGroup]:
    window = QMainWindow()
    qtbot.addWidget(window)
    docks = [QDockWidget(name, window) for name in "abc"]
    made = DockGroup(docks, "Tables", "Show or hide them", window, on_shown=lambda: None)
    window.show()
    yield made
    window.close()


def _shown(group: DockGroup) -> str:
    return "".join(dock.windowTitle() for dock in group._docks if not dock.isHidden())


def test_docks_that_were_folded_come_back_and_those_the_user_closed_do_not(group: DockGroup) -> None:
    group._docks[1].close()
    assert group.fold_unless(False) and _shown(group) == "" and not group.switch.isChecked()
    assert not group.fold_unless(False)
    assert group.fold_unless(True) and _shown(group) == "ac" and group.switch.isChecked()


def test_what_the_user_opens_stays_open_until_there_was_room(group: DockGroup) -> None:
    group.fold_unless(False)
    group.switch.trigger()
    assert _shown(group) == "abc" and not group.fold_unless(False)
    group.fold_unless(True)
    assert group.fold_unless(False) and _shown(group) == ""


def test_the_switch_hides_all(group: DockGroup) -> None:
    group.follow()
    group.switch.trigger()
    assert _shown(group) == "" and not group.fold_unless(True)
