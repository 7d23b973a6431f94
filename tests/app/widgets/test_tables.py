"""Tables grow with the system's font while they are on show."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QTableView, QWidget
from pytestqt.qtbot import QtBot

from app import application, theme
from app.main_window import MainWindow
from app.panels.history import HistoryPanel
from app.panels.rounds import RoundsPanel
from app.state.store import RunStore
from app.workspaces.train.figures import TrainFiguresPanel
from tests.app.factory import PAIR, FakeHost, whole_run


@pytest.fixture
def dressed(qapp: QApplication, qtbot: QtBot) -> Iterator[QApplication]:
    """The application in its style sheet; font and sheet are put back.

    A font of the application is also that of panels which earlier tests left: what they lay out anew is awaited."""
    font, sheet = QFont(qapp.font()), qapp.styleSheet()
    theme.apply(qapp, "light")
    yield qapp
    qapp.setFont(font)
    qapp.setStyleSheet(sheet)
    qtbot.waitUntil(lambda: not any(timer.isActive() for one in qapp.topLevelWidgets() for timer in timers_of(one)))


def timers_of(widget: QWidget) -> list[QTimer]:
    return widget.findChildren(QTimer)


def enlarge(app: QApplication) -> None:
    app.setFont(theme.scaled(app.font(), 2.0))


def heights(table: QTableView) -> tuple[int, int]:
    """Of a row and of its text."""
    return table.verticalHeader().defaultSectionSize(), table.fontMetrics().height()


@pytest.mark.parametrize("kind", [HistoryPanel, TrainFiguresPanel])
def test_rows_of_few_keep_their_padding_in_a_larger_font(dressed, qtbot: QtBot, kind: type) -> None:
    panel = kind(RunStore())
    qtbot.addWidget(panel)
    panel.show()
    tables = panel.findChildren(QTableView)
    assert tables
    before = [heights(table) for table in tables]
    enlarge(dressed)
    theme.follow_font()
    for table, (row, text) in zip(tables, before, strict=True):
        assert heights(table)[1] > text
        assert heights(table)[0] - heights(table)[1] == row - text


def test_rounds_of_a_larger_font_are_higher_and_still_whole(dressed, qtbot: QtBot) -> None:
    store = RunStore()
    panel = RoundsPanel(store)
    qtbot.addWidget(panel)
    panel.resize(1800, 261)
    panel.show()
    for event in whole_run():
        store.take(event)
    panel.refresh()
    width = panel.table.columnWidth(0)
    enlarge(dressed)
    theme.follow_font()
    qtbot.waitUntil(lambda: panel.table.rowHeight(0) > panel.table.fontMetrics().height())
    qtbot.waitUntil(lambda: panel.table.viewport().height() % panel.table.rowHeight(0) == 0)
    assert panel.table.columnWidth(0) > width


def test_the_window_hands_a_new_system_font_to_its_tables(dressed, qtbot: QtBot) -> None:
    host = FakeHost()
    window = MainWindow(PAIR, application.user_settings(), make_host=lambda: host)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    table = window.workspaces["decode"].history.table
    row, text = heights(table)
    enlarge(dressed)
    qtbot.waitUntil(lambda: heights(table)[1] > text)
    assert heights(table)[0] > row
    window.close()
