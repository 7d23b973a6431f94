from PySide6.QtGui import QAction, QKeySequence

from app.panels import shortcuts
from app.panels.shortcuts import Shortcut, ShortcutsDialog


def test_actions_without_keys_are_left_out(qtbot):
    run, bare = QAction("&Run…"), QAction("Nothing")
    run.setShortcuts([QKeySequence("Ctrl+Return"), QKeySequence("F5")])
    assert shortcuts.of_actions("Run", [run, bare]) == (Shortcut("Run", "Run", "Ctrl+Return, F5"),)


def test_typing_shows_only_what_fits(qtbot):
    entries = shortcuts.of_panels()
    dialog = ShortcutsDialog(entries, None)
    qtbot.addWidget(dialog)
    dialog.show_beside()
    table = dialog.table
    assert table.rowCount() == len(entries) > 10
    dialog.search.setText("tokens walk")
    shown = [table.item(row, 1).text() for row in range(table.rowCount()) if not table.isRowHidden(row)]
    assert shown == ["Walk through the tokens"]
    dialog.search.setText("")
    assert not any(table.isRowHidden(row) for row in range(table.rowCount()))
