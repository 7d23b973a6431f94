"""A kept sweep that is opened again by Ctrl+O from the list of runs."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.workspaces.approximate import words
from app.workspaces.approximate.workspace import ApproximateWorkspace
from app.workspaces.runs.open_dialog import OpenDialog
from engine.machine import paths
from tests import thresholds
from tests.app.workspaces.runs.kept_runs import settle
from tests.engine.store import kept


def test_a_kept_sweep_opens_from_the_list_with_table_plane_and_headline(open_window, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    kept.keep(paths.runs(), thresholds.sweep())
    window, _ = open_window()
    window.dialogs.open_run()
    (dialog,) = window.findChildren(OpenDialog)
    settle(qtbot, dialog._library)
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not dialog.isVisible())
    qtbot.waitUntil(lambda: (window.store.pump(), not window.store.reading)[1])
    tab = window.workspaces["approximate"]
    assert isinstance(tab, ApproximateWorkspace)
    qtbot.waitUntil(lambda: window.front is tab)
    qtbot.waitUntil(lambda: tab.table.table.rowCount() == 6)
    qtbot.waitUntil(lambda: len(tab.plane.plane.spots) == 6)
    record = tab._thresholds.record
    assert record.source is not None and record.state == "finished"
    qtbot.waitUntil(lambda: tab.headline.headline.text() == words.headline(record) != "")
    assert "builtin, 12 prompts" in tab.headline.scope.text()
    qtbot.waitUntil(lambda: tab.gate.roc.stack.currentIndex() == 0)
    assert len(tab.plane.ring.getData()[0]) == 1  # 0.5, with which the setup begins
    dialog.shut_down()
