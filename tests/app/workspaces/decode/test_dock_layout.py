"""In a small window docks are folded away so that the text keeps half of it; the user's wish comes first."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QDockWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.main_window import MainWindow
from app.state.selection import Selection
from app.workspaces.decode.workspace import DecodeWorkspace
from engine.commands import Load
from tests.app.factory import started
from tests.trees import tree_run


@pytest.fixture
def large_type() -> Iterator[None]:
    font = QApplication.font()
    QApplication.setFont(theme.scaled(font, 1.5))
    yield
    QApplication.setFont(font)


def _shown(
    qtbot: QtBot, width: int, height: int, settings: QSettings | None = None
) -> tuple[MainWindow, DecodeWorkspace]:
    window = MainWindow(Load(), settings, make_host=None)
    if settings is not None:
        window.workspace(DecodeWorkspace).restore(settings)
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


@pytest.mark.parametrize(("before", "after"), [((1600, 1000), (1280, 720)), ((1280, 720), (1600, 1000))])
def test_a_layout_that_was_kept_fits_a_window_of_another_size(
    qtbot: QtBot, tmp_path: Path, before: tuple[int, int], after: tuple[int, int]
) -> None:
    settings = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    _, tab = _shown(qtbot, *before)
    tab.docks.save(settings)
    window, tab = _shown(qtbot, *after, settings)
    figures, plots = (tab.findChild(QDockWidget, name) for name in ("metrics", "plots"))
    is_wide = after[0] == 1600
    qtbot.waitUntil(lambda: (plots in tab.tabifiedDockWidgets(figures)) is not is_wide)
    _rested(qtbot, window)
    in_front = [dock for dock in (figures, plots) if not dock.visibleRegion().isEmpty()]
    assert len(in_front) == (2 if is_wide else 1)
    assert all(dock.geometry().right() < tab.width() for dock in in_front)


@pytest.mark.parametrize(("width", "height"), [(1600, 1000), (1280, 720)])
def test_the_tree_that_a_picture_shows_has_half_of_the_height(qtbot: QtBot, width: int, height: int) -> None:
    window, tab = _shown(qtbot, width, height)
    for event in tree_run(started()):
        window.store.take(event)
    window.store.changed.emit()
    assert not tab.settled("tree")
    qtbot.waitUntil(lambda: window.store.selection == Selection(1, tab.tree.canvas.tree.end))
    _rested(qtbot, window)
    assert not tab.tree.visibleRegion().isEmpty() and tab.rounds.visibleRegion().isEmpty()
    assert tab.tree.height() >= 0.3 * height and tab.settled("tree")
