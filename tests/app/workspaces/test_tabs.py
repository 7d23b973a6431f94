"""Workspaces that are made when they are needed: what the first paint waits for, and that nothing misses the others."""

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QTabWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from app import application, workspaces
from app.main_window import MainWindow
from app.panel import Panel
from app.widgets.side_column import SideColumn
from app.workspaces.compare.bar import CompareBar
from app.workspaces.compare.workspace import CompareWorkspace
from app.workspaces.decode.workspace import DecodeWorkspace
from engine.events import EngineStarted
from tests.app.factory import MODEL, PAIR, FakeHost, a_round, started
from tests.app.workspaces.train.test_record import GOLDEN

_FIRST_PAINT = """
import sys
from PySide6.QtWidgets import QApplication
from app import theme
from app.main_window import MainWindow
from engine.commands import Load

app = QApplication([])
theme.follow_system(app)
window = MainWindow(Load(), None, make_host=None)
window.painted.connect(lambda: print(list(window.workspaces.made_names), *sys.modules, sep="\\n"))
window.painted.connect(app.quit)
window.show()
app.exec()
window.close_now()
"""
# What a hidden tab, a dialog, a report or the engine imports.
_NOT_YET = (
    "app.plots.report_pdf", "app.plots.prices_dialog", "app.panels.about", "app.panels.explain", "app.panels.get_model",
    "app.panels.settings_dialog", "app.panels.shortcuts", "engine.hub", "engine.store", "engine.reports.html",
    "engine.session", "engine.documents.index", "pyqtgraph", "scipy", "torch", "sqlite3",
)  # fmt: skip


@pytest.fixture
def open_window(qtbot: QtBot) -> Iterator:  # type: ignore[type-arg]
    windows = []

    def make() -> tuple[MainWindow, FakeHost]:
        host = FakeHost()
        windows.append(MainWindow(PAIR, application.user_settings(), make_host=lambda: host))
        qtbot.addWidget(windows[-1])
        return windows[-1], host

    yield make
    for window in windows:
        window.close_now()


def _menu_texts(window: MainWindow, title: str) -> list[str]:
    menu = next(menu for menu in window.menuBar().findChildren(QMenu) if menu.title() == title)
    menu.aboutToShow.emit()
    return [action.text() for action in menu.actions()]


def test_the_first_paint_makes_and_imports_the_front_tab_alone() -> None:
    done = subprocess.run([sys.executable, "-c", _FIRST_PAINT], capture_output=True, text=True, check=True)
    made, *loaded = done.stdout.splitlines()
    assert made == "['decode']"
    others = {spec.name for spec in workspaces.discover()} - {"decode"}
    of_others = {name for name in loaded if name.split(".")[:2] == ["app", "workspaces"]} & {
        name for name in loaded if name.count(".") >= 3 and name.split(".")[2] in others
    }
    # One light module: the menu of recent files.
    assert of_others <= {"app.workspaces.runs.recent_menu"}
    assert [name for name in _NOT_YET if name in loaded] == []


def test_every_tab_is_in_the_row_at_once_and_made_when_there_is_time(open_window, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    row = window.findChild(QTabWidget)
    assert [row.tabText(place) for place in range(row.count())] == [
        "Decode", "Compare", "RAG", "Scaling", "Long context", "Approximate", "Runs", "Train",
    ]  # fmt: skip
    assert window.workspaces.made == (window.front,) and "train" in window.workspaces
    window.show()
    qtbot.waitUntil(lambda: len(window.workspaces.made) == len(window.workspaces), timeout=30_000)
    assert [tab.widget.isVisible() for tab in window.workspaces.made] == [True, *[False] * 8]


def test_no_tab_is_made_while_a_pair_is_loading(open_window, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    window, host = open_window()
    window.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    host.say(EngineStarted("thread", 1))
    window.store.pump()
    n_made = len(window.workspaces.made)
    assert window.store.engine.is_loading
    for _ in range(3):
        window._make_tabs()
    assert len(window.workspaces.made) == n_made < len(window.workspaces)
    host.say(MODEL)
    window.store.pump()
    assert not window.store.engine.is_loading
    qtbot.waitUntil(lambda: len(window.workspaces.made) == len(window.workspaces), timeout=30_000)


def test_a_closed_window_makes_no_more_tabs(open_window) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    window.close_now()
    window._make_tabs()
    assert window.workspaces.made == (window.front,)


def test_a_key_of_a_window_not_made_yet_works_at_once(open_window, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    qtbot.keyClick(window.workspace(DecodeWorkspace).prompt.prompt, Qt.Key.Key_A)
    assert window.workspaces.made == (window.front,), "a letter is the prompt's"
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.workspaces.made_names == ("decode", "presentation")
    assert window.workspaces["presentation"].widget.isVisible()


def test_a_tab_that_is_asked_for_is_made_at_once_and_looks_as_if_it_had_been_there(open_window) -> None:  # type: ignore[no-untyped-def]
    window, host = open_window()
    window.show()
    host.say(MODEL)
    window.store.pump()
    window._menus.actions["tab_train"].trigger()
    train = window.front
    assert train is window.workspaces["train"] and train.widget.isVisible()
    assert train.widget.size() == window.workspaces.row.currentWidget().size()
    window.workspaces.row.setCurrentIndex(1)
    assert isinstance(window.front, CompareWorkspace) and window.verbs.why_not("step")
    assert window.windowTitle() == "Compare – Draftscope"
    window.show_view("decode")
    assert train.widget.isHidden() is False and not train.widget.isVisible()


def test_menus_have_the_actions_of_tabs_in_tab_order_whichever_was_made_first(open_window) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    assert window.workspaces["presentation"].widget.isWindow()
    texts = _menu_texts(window, "&Run")
    assert texts[:5] == [
        "Measure context, γ and batch…",
        "Tune draft lengths",
        "Measure lengths",
        "Sweep over thresholds",
        "",
    ]
    assert "Run" in texts
    texts = _menu_texts(window, "&View")
    assert texts.index("Inspect tokens") < texts.index("Presentation") < texts.index("Decode")
    assert len(window.workspaces.made) == len(window.workspaces)


def test_a_file_that_belongs_to_a_tab_not_made_yet_opens_in_it(open_window, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    window.open_path(GOLDEN)
    qtbot.waitUntil(lambda: window.front is window.workspaces["train"])
    assert window.front.holds("train")


def test_choices_of_a_tab_that_was_never_made_are_kept(open_window) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    window.workspace(CompareWorkspace).bar.gammas.setText("3, 5")
    window.close_now()
    window, _ = open_window()
    window.close_now()
    assert window.workspaces.made == (window.front,)
    window, _ = open_window()
    assert window.workspace(CompareWorkspace).bar.gammas.text() == "3, 5"


def test_the_tab_key_reaches_the_status_line_after_a_tab_made_late(open_window) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    window.show()
    window.show_view("train")
    widget, order = window.nextInFocusChain(), []
    while widget is not window:
        order.append(widget)
        widget = widget.nextInFocusChain()
    assert order.index(window.workspaces["train"].form.target) < order.index(window._status.stop)


def test_hidden_tabs_draw_and_ask_nothing_while_a_run_streams(open_window, qtbot: QtBot, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    window, host = open_window()
    window.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    window.workspaces.make_all()
    host.say(MODEL)
    window.store.pump()
    window.verbs.do("run")
    host.say(started())
    window.store.pump()
    refreshed, chosen = [], []
    draws, choice = Panel.refresh, CompareBar.choice
    monkeypatch.setattr(Panel, "refresh", lambda panel: (refreshed.append(panel), draws(panel)))
    monkeypatch.setattr(CompareBar, "choice", lambda bar: (chosen.append(bar), choice(bar))[1])
    for number in range(5):
        host.say(a_round(number, [" a"]))
        window.store.pump()
    assert refreshed and all(panel.isVisible() for panel in refreshed)
    assert chosen == []
    window.show_view("compare")
    assert chosen, "it catches up when it is shown"


def test_no_panel_has_a_method_of_its_own_in_place_of_one_that_all_panels_rely_on(open_window) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    window.workspaces.make_all()
    own = {name for name in vars(Panel) if name.startswith("_") and not name.startswith("__")}
    kinds = {kind for panel in window.findChildren(Panel) for kind in type(panel).__mro__ if issubclass(kind, Panel)}
    taken = {(kind.__name__, name) for kind in kinds - {Panel} for name in own & set(vars(kind))}
    assert len(kinds) > 40 and taken == set()


def test_a_collection_of_young_objects_leaves_a_tab_made_late_alone(open_window, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    window, _ = open_window()
    window.show()
    qtbot.waitUntil(lambda: len(window.workspaces.made) == len(window.workspaces), timeout=30_000)
    for generation in (0, 1, 0):
        gc.collect(generation)
    compare = window.workspace(CompareWorkspace)
    assert isValid(compare.bar) and isValid(compare.bar.gammas)
    for tab in window.workspaces.made:  # their children are theirs in the eyes of the collector too
        assert all(child in gc.get_referents(tab) for child in tab.widget.children() if isinstance(child, SideColumn))
