"""A workspace is one folder: put on the path, it is a tab, in the menu, on the command line, pictured and kept."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QTabWidget
from pytestqt.qtbot import QtBot

from app import application, arguments, workspaces
from app.main_window import MainWindow
from app.screenshot import Photographer
from engine.commands import Load
from engine.errors import InputError
from tests.app import workspaces as beside
from tests.app.factory import MODEL, PAIR, FakeHost


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspaces, "__path__", [*workspaces.__path__, str(Path(beside.__path__[0]) / "toys")])


@pytest.fixture
def open_window(qtbot: QtBot):  # type: ignore[no-untyped-def]
    windows = []

    def make() -> tuple[MainWindow, FakeHost]:
        host = FakeHost()
        windows.append(MainWindow(PAIR, application.user_settings(), make_host=lambda: host))
        qtbot.addWidget(windows[-1])
        windows[-1].show()
        qtbot.waitUntil(lambda: bool(host.submitted))
        host.say(MODEL)
        windows[-1].store.pump()
        return windows[-1], host

    yield make
    for window in windows:
        window.close_now()


def test_it_is_the_last_tab_and_in_the_menu(open_window) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    tabs = window.findChild(QTabWidget)
    assert [tabs.tabText(place) for place in range(tabs.count())] == [
        "Decode",
        "Compare",
        "RAG",
        "Scaling",
        "Long context",
        "Approximate",
        "Runs",
        "Train",
        "Toy",
    ]
    window._menus.actions["tab_toy_tab"].trigger()
    assert window.front is window.workspaces["toy_tab"] and tabs.currentIndex() == tabs.count() - 1
    assert window._menus.actions["tab_toy_tab"].shortcut().toString() == "Ctrl+9"


def test_the_shared_verbs_are_its_own_while_it_is_in_front(open_window) -> None:  # type: ignore[no-untyped-def]
    window, host = open_window()
    window.show_view("toy_tab")
    run = window.verbs.actions["run"]
    assert not run.isEnabled() and run.toolTip() == "the toy is empty"
    toy = window.workspaces["toy_tab"]
    toy.line.setText("something")
    run.trigger()
    assert toy.n_runs == 1 and host.submitted == [Load()]
    window.show_view("decode")
    assert not window.verbs.why_not("step")


def test_the_command_line_knows_it(tmp_path: Path) -> None:
    out = tmp_path / "toy.png"
    asked = arguments.parse(["--screenshot", str(out), "--workspace", "toy_tab"])
    assert asked.picture is not None and asked.picture.workspace == "toy_tab"
    with pytest.raises(
        InputError,
        match="use one of: decode, tree, measured, compare, rag, scaling, long-context, approximate, runs, train, "
        "presentation, toy_tab",
    ):
        arguments.parse(["--screenshot", str(out), "--workspace", "attic"])


def test_it_is_pictured(open_window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    out, statuses = tmp_path / "toy.png", []
    monkeypatch.setattr(QApplication, "exit", lambda status=0: statuses.append(status))
    asked = arguments.parse(["--screenshot", str(out), "--workspace", "toy_tab", "--size", "1000x700"]).picture
    photographer = Photographer(window, asked)
    photographer.start()
    window.store.changed.emit()
    window.store.changed.emit()
    qtbot.waitUntil(lambda: bool(statuses), timeout=20_000)
    photographer.clean_up()
    assert statuses[0] == 0 and QImage(str(out)).size() == QSize(1000, 700)
    assert window.workspaces["toy_tab"].line.text() == "pictured"


def test_what_it_saves_comes_back(open_window) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    window.workspaces["toy_tab"].line.setText("kept")
    window.close_now()
    again, _ = open_window()
    assert again.workspaces["toy_tab"].line.text() == "kept"
