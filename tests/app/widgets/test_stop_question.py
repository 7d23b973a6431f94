"""Esc asks before it ends long work, and ends short work at once."""

import pytest
from PySide6.QtCore import Qt

from app.main_window import MainWindow
from app.widgets.stop_question import StopQuestion
from engine.commands import Evaluate, Index, Measure, Train
from engine.events import Progressed, Refused
from tests.app.factory import MODEL, PAIR, FakeHost, a_round, started

_LONG = (Index(("d",), "i"), Train("builtin", "", "out", {}), Measure(4), Evaluate("builtin", {}, {}))


@pytest.fixture
def window(qtbot):
    host = FakeHost()
    window = MainWindow(PAIR, None, make_host=lambda: host)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    host.say(MODEL)
    window.store.pump()
    yield window, host
    window.close_now()


@pytest.mark.parametrize("command", _LONG, ids=lambda command: command.name)
def test_escape_asks_before_it_ends_long_work(window, qtbot, command) -> None:
    shown, host = window
    shown.store.commands.ask(command)
    qtbot.keyClick(shown, Qt.Key.Key_Escape)
    question: StopQuestion = shown.stop_question
    assert not host.n_cancelled
    assert question.isVisible()
    assert question.text() == f"{command.under_way[0].upper()}{command.under_way[1:]}."
    question.keep_working.click()
    assert not host.n_cancelled
    qtbot.keyClick(shown, Qt.Key.Key_Escape)
    question.stop.click()
    assert host.n_cancelled == 1
    assert not question.isVisible()


def test_escape_ends_a_run_without_asking(window, qtbot) -> None:
    shown, host = window
    shown.verbs.do("run")
    host.say(started(), a_round(0, [" a"]))
    shown.store.pump()
    qtbot.keyClick(shown, Qt.Key.Key_Escape)
    assert host.n_cancelled == 1
    assert not shown.stop_question.isVisible()


def test_escape_asks_while_the_first_answer_waits_for_its_index(window, qtbot) -> None:
    shown, host = window
    shown.show_view("rag")
    shown.verbs.do("run")
    host.say(MODEL, started(method="speculative_rag"), Progressed("embedding", 163, 0, "passages", 2.0))
    shown.store.pump()
    qtbot.keyClick(shown, Qt.Key.Key_Escape)
    assert shown.stop_question.isVisible()
    shown.stop_question.withdraw()


def test_the_question_goes_when_the_work_has_ended_by_itself(window, qtbot) -> None:
    shown, host = window
    shown.store.commands.ask(_LONG[0])
    qtbot.keyClick(shown, Qt.Key.Key_Escape)
    host.say(Refused("index", "nothing could be read", "name a folder"))
    shown.store.watch()
    shown.store.pump()
    assert not shown.stop_question.isVisible()
    assert not host.n_cancelled


def test_the_menu_and_the_button_stop_at_once(window) -> None:
    shown, host = window
    shown.store.commands.ask(_LONG[1])
    shown.store.watch()
    shown.verbs.actions["stop"].trigger()
    assert host.n_cancelled == 1
