"""Presentation mode in the window: F11, its keys, a live race, a report."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTabWidget, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.state.store import RunStore
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.presentation.workspace import PresentationWorkspace
from engine.commands import Race, Run
from engine.events import RaceFinished, Refused
from engine.machine import paths
from tests import comparisons
from tests.app.factory import MODEL, PAIR, FakeHost
from tests.app.served import served
from tests.app.workspaces.presentation.races import run_record
from tests.app.workspaces.presentation.test_racing import STARTED, a_lap


class Presented:
    """The workspace on a store with a loaded model, and ways to press keys and to make the engine speak."""

    def __init__(self, qtbot: QtBot) -> None:
        self.store, self.host = RunStore(), FakeHost()
        self.store.attach(self.host)
        self.store.load(PAIR)
        self.main = QWidget()
        self.window = served(PresentationWorkspace, self.store)
        self.window.setParent(self.main, Qt.WindowType.Window)
        self.main.show()
        self.say(MODEL)
        self._qtbot = qtbot

    def say(self, *events: object) -> None:
        self.host.say(*events)  # type: ignore[arg-type]
        self.store.pump()

    def press(self, *keys: Qt.Key) -> None:
        for key in keys:
            self._qtbot.keyClick(self.window, key)

    def compare(self, n_prompts: int = 3) -> None:
        for event in comparisons.comparison(n_prompts=n_prompts):
            self.store.tab(ComparingProgress).take(event)
        self.store.changed.emit()


@pytest.fixture
def shown(qtbot: QtBot) -> Iterator[Presented]:
    presented = Presented(qtbot)
    yield presented
    presented.window.close()
    presented.main.close()
    presented.store.close()
    presented.main.deleteLater()


def test_f11_fills_the_screen_and_esc_leaves(shown: Presented) -> None:
    shown.compare()
    shown.window.present.trigger()
    assert shown.window.isFullScreen() and shown.window.stage.player.playing
    shown.press(Qt.Key.Key_Escape)
    assert not shown.window.isVisible() and not shown.window.stage.player.playing and shown.main.isVisible()
    shown.window.present.trigger()
    shown.window.present.trigger()
    assert not shown.window.isVisible()


def test_its_action_is_in_the_view_menu_and_nothing_is_made_before_it_is_used(shown: Presented) -> None:
    assert [action.text() for action in shown.window.menu_actions("view")] == ["Presentation"]
    assert shown.window.menu_actions("edit") == () and shown.window._stage is None


def test_keys_pause_restart_and_change_the_speed(shown: Presented) -> None:
    shown.compare()
    shown.window.present.trigger()
    stage, player = shown.window.stage, shown.window.stage.player
    shown.press(Qt.Key.Key_Space)
    assert not player.playing
    stage.advance_to(0.1)
    shown.press(Qt.Key.Key_R)
    assert player.playing and stage.run is not None and stage.run.time_s < 0.1
    speed = player.speed
    shown.press(Qt.Key.Key_Plus)
    assert player.speed == 2 * speed
    shown.press(Qt.Key.Key_Minus, Qt.Key.Key_H)
    assert player.speed == speed and not stage.ghosts
    shown.press(Qt.Key.Key_End)
    assert stage.run.time_s == float("inf")


def test_arrows_go_from_prompt_to_prompt(shown: Presented) -> None:
    shown.compare()
    shown.store.history.put(run_record())
    shown.window.present.trigger()
    first = shown.window.stage.prompt.parts
    shown.press(Qt.Key.Key_Right)
    assert shown.window.stage.prompt.parts != first
    for _ in range(3):
        shown.press(Qt.Key.Key_Right)
    assert shown.window.stage.prompt.parts == first


def test_enter_races_the_loaded_pair_where_there_is_nothing(shown: Presented) -> None:
    shown.window.present.trigger()
    shown.press(Qt.Key.Key_Return)
    command = shown.host.submitted[-1]
    assert isinstance(command, Race) and command.target == "builtin" and "Dororan" in command.prompt
    shown.say(STARTED, a_lap(0, "plain", 0.02), a_lap(0, "builtin γ 4", 0.03, 3))
    stage = shown.window.stage
    assert stage.live and stage.headline.parts == ("Racing live…",) and stage.run is not None
    assert [lane.n_tokens for lane in stage.run.lanes] == [1, 0]
    shown.say(a_lap(1, "plain", 0.04), RaceFinished("length", (("builtin γ 4", True),)))
    assert not stage.live and stage.run.finished and stage.check.parts == ("same text ✓",)


def test_a_typed_prompt_is_raced_over(shown: Presented, qtbot: QtBot) -> None:
    shown.compare()
    shown.window.present.trigger()
    shown.press(Qt.Key.Key_P)
    typed = shown.window.stage.typed
    qtbot.keyClicks(typed, "Hear the bell r")
    qtbot.keyClick(typed, Qt.Key.Key_Return)
    command = shown.host.submitted[-1]
    assert isinstance(command, Race) and command.prompt == "Hear the bell r" and len(command.lanes) == 3
    assert not typed.isVisible()


def test_esc_closes_the_line_first(shown: Presented, qtbot: QtBot) -> None:
    shown.window.present.trigger()
    shown.press(Qt.Key.Key_P)
    qtbot.keyClick(shown.window.stage.typed, Qt.Key.Key_Escape)
    assert not shown.window.stage.typed.isVisible() and shown.window.isVisible()


def test_why_a_race_cannot_start_or_was_refused_is_said(shown: Presented) -> None:
    shown.window.present.trigger()
    shown.press(Qt.Key.Key_Return, Qt.Key.Key_Return)
    assert shown.window.stage.keys.parts == ("Not now: a race is under way",)
    shown.say(Refused("race", "out of memory", "race fewer lanes"))
    assert "out of memory: race fewer lanes" in shown.window.stage.keys.parts[0]


def test_s_stops_a_live_race(shown: Presented) -> None:
    shown.window.present.trigger()
    shown.press(Qt.Key.Key_Return, Qt.Key.Key_S)
    assert shown.host.n_cancelled == 1


def test_e_writes_the_report_of_what_is_on_show(shown: Presented, qtbot: QtBot) -> None:
    shown.compare()
    shown.window.present.trigger()
    shown.press(Qt.Key.Key_E)
    qtbot.waitUntil(lambda: shown.window.reports.written is not None, timeout=30_000)
    (report,) = (paths.user_data() / "reports").glob("*.html")
    assert shown.window.reports.written == report and "builtin γ 4" in Path(report).read_text(encoding="utf-8")
    assert str(report.name) in shown.window.stage.keys.parts[0]


def test_a_live_race_has_no_report(shown: Presented) -> None:
    shown.window.present.trigger()
    shown.say(STARTED, RaceFinished("cancelled"))
    shown.press(Qt.Key.Key_E)
    assert "measure the prompt in Compare" in shown.window.stage.keys.parts[0]


def test_a_picture_without_a_trace_is_of_a_measured_run(shown: Presented) -> None:
    shown.window.show_example("presentation")
    command = shown.host.submitted[-1]
    assert isinstance(command, Run) and command.method == "speculative"


def test_for_a_picture_the_end_of_the_race_is_shown(shown: Presented) -> None:
    assert not shown.window.holds("presentation")
    shown.compare()
    assert shown.window.view("presentation") is shown.window and shown.window.holds("presentation")
    assert shown.window.settled("presentation")
    assert shown.window.stage.run is not None and shown.window.stage.run.finished


@pytest.fixture
def main_window(qtbot: QtBot) -> Iterator[MainWindow]:
    window = MainWindow(PAIR, None, make_host=None)
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close_now()


def test_f11_toggles_from_the_main_window_and_from_its_own(main_window: MainWindow, qtbot: QtBot) -> None:
    presentation = main_window.workspaces["presentation"]
    assert isinstance(presentation, PresentationWorkspace) and presentation.isWindow()
    main_window.showMaximized()
    main_window.activateWindow()
    qtbot.keyClick(main_window, Qt.Key.Key_F11)
    assert presentation.isFullScreen()
    qtbot.keyClick(presentation, Qt.Key.Key_F11)
    assert not presentation.isVisible() and main_window.isMaximized()


def test_it_is_no_tab_but_a_view_that_can_be_pictured(main_window: MainWindow) -> None:
    tabs = main_window.findChild(QTabWidget)
    assert tabs is not None and "Presentation" not in [tabs.tabText(i) for i in range(tabs.count())]
    main_window.show_view("presentation")
    window = main_window.workspaces["presentation"].view("presentation")
    assert window.isVisible() and not window.isFullScreen()


def test_a_live_race_offers_its_stop_and_refuses_what_waits_for_its_end(shown: Presented) -> None:
    shown.window.present.trigger()
    shown.press(Qt.Key.Key_Return)
    shown.say(STARTED, a_lap(0, "plain", 0.02), a_lap(0, "builtin γ 4", 0.03, 3))
    assert shown.window.stage.keys.parts[0] == "S  stop"
    shown.press(Qt.Key.Key_Space)
    assert not shown.window.stage.player.playing and "S stops it" in shown.window.stage.keys.parts[0]
    shown.say(a_lap(1, "plain", 0.04), RaceFinished("length", (("builtin γ 4", True),)))
    shown.press(Qt.Key.Key_H)
    assert not any("report" in part for part in shown.window.stage.keys.parts)
