"""The layout of the Decode tab: docks keep their sizes, the text keeps half of the window."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from engine.commands import Load
from tests.app.factory import whole_run


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow(Load(), None, make_host=None)
    qtbot.addWidget(made)
    made.resize(1600, 1000)
    made.show()
    _wait_for_docks(qtbot, made)
    return made


def _wait_for_docks(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until the docks have their sizes, and a change of one would be the user's."""
    tab = window.workspaces["decode"]
    qtbot.wait(20)
    qtbot.waitUntil(lambda: tab.docks.at_rest)  # type: ignore[attr-defined]


def _resize(qtbot: QtBot, window: MainWindow, width: int, height: int) -> None:
    window.resize(width, height)
    _wait_for_docks(qtbot, window)


def _places(window: MainWindow) -> dict[str, tuple[int, int, int, int]]:
    docks = window.workspaces["decode"]._docks  # type: ignore[attr-defined]
    return {name: dock.geometry().getRect() for name, dock in docks.items() if not dock.visibleRegion().isEmpty()}


def test_docks_are_as_before_when_the_window_was_narrow_for_a_while(qtbot: QtBot, window: MainWindow) -> None:
    before = _places(window)
    assert {"setup", "metrics", "plots", "rounds"} <= set(before)
    _resize(qtbot, window, 1280, 720)
    assert _places(window) != before
    _resize(qtbot, window, 1600, 1000)
    assert _places(window) == before
    for width in (1500, 1400, 1280, 1100, 1300, 1600):
        _resize(qtbot, window, width, 1000)
    assert _places(window) == before


def test_a_size_that_the_user_gave_a_dock_comes_back_too(qtbot: QtBot, window: MainWindow) -> None:
    tab = window.workspaces["decode"]
    tab.resizeDocks([tab._docks["setup"]], [300], Qt.Orientation.Horizontal)  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: abs(tab._docks["setup"].width() - 300) <= 2)  # type: ignore[attr-defined]
    before = _places(window)
    assert abs(before["setup"][2] - 300) <= 2
    _resize(qtbot, window, 1280, 720)
    _resize(qtbot, window, 1600, 1000)
    assert _places(window) == before


def test_the_text_keeps_half_of_a_small_window(qtbot: QtBot, window: MainWindow) -> None:
    _resize(qtbot, window, 1280, 720)
    stream = window.workspaces["decode"].stream  # type: ignore[attr-defined]
    assert stream.width() >= 1280 // 2 - 10
    assert stream.height() >= 0.4 * 720
    QApplication.processEvents()


def test_nothing_above_the_text_moves_when_a_value_arrives(qtbot: QtBot, window: MainWindow) -> None:
    tab = window.workspaces["decode"]
    parts = (tab.prompt, tab.headline, tab.stream, tab.transport)  # type: ignore[attr-defined]
    before = [part.geometry() for part in parts]
    for event in whole_run():
        window.store.take(event)
        window.store.changed.emit()
        QApplication.processEvents()
        assert [part.geometry() for part in parts] == before


def test_the_key_that_inspects_tokens_works_wherever_the_focus_is(qtbot: QtBot, window: MainWindow) -> None:
    window.workspaces.make_all()
    window.activateWindow()
    for name, field in (("decode", "prompt"), ("long-context", "setup")):
        window.show_view(name)
        tab = window.workspaces[name]
        focused = getattr(tab, field)
        qtbot.keyClick(focused, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
        assert tab.stream.inspecting, name  # type: ignore[attr-defined]
