"""In a small window docks are folded away so that the text keeps half of it; the user's wish comes first."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import theme
from app.main_window import MainWindow
from app.workspaces.decode.workspace import DecodeWorkspace
from engine.commands import Load


@pytest.fixture
def large_type() -> Iterator[None]:
    font = QApplication.font()
    QApplication.setFont(theme.scaled(font, 1.5))
    yield
    QApplication.setFont(font)


def _shown(qtbot: QtBot, width: int, height: int) -> tuple[MainWindow, DecodeWorkspace]:
    window = MainWindow(Load(), None, make_host=None)
    qtbot.addWidget(window)
    window.resize(width, height)
    window.show()
    return window, _rested(qtbot, window)


def _rested(qtbot: QtBot, window: MainWindow) -> DecodeWorkspace:
    tab = window.workspace(DecodeWorkspace)
    qtbot.wait(20)
    qtbot.waitUntil(lambda: tab.docks.at_rest)
    return tab


@pytest.mark.parametrize("height", [720, 1000])
def test_the_text_has_half_of_the_height_at_the_usual_font(qtbot: QtBot, height: int) -> None:
    _, tab = _shown(qtbot, 1280 if height == 720 else 1600, height)
    assert tab.stream.view.height() >= 0.49 * height and tab.metrics.isVisible()


def test_docks_give_way_to_the_text_in_large_type_and_come_back(qtbot: QtBot, large_type: None) -> None:
    window, tab = _shown(qtbot, 1280, 720)
    qtbot.waitUntil(lambda: tab.stream.view.height() >= 360)
    assert tab.stream.width() >= 640
    figures, tables = (group.switch for group in tab.docks.groups)
    assert not tab.rounds.isVisible() and not tables.isChecked() and not figures.isChecked()
    tables.trigger()
    _rested(qtbot, window)
    assert tab.rounds.isVisible() and tables.isChecked()
    window.resize(1300, 730)
    _rested(qtbot, window)
    assert tab.rounds.isVisible()  # since the user wants it
    window.resize(1900, 1200)
    _rested(qtbot, window)
    assert tab.rounds.isVisible() and tab.metrics.isVisible() and figures.isChecked()
