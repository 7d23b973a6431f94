"""Where the engine runs: chosen in the menu, kept, told, done with the next load."""

import threading
import time

import pytest

from app import application, main_window
from app.main_window import MainWindow
from app.panels.setup.memory_block import MemoryBlock
from app.workspaces.decode import event_words
from engine.commands import Estimate, Load, Run, Train
from engine.events import EngineEnded, EngineStarted, RunFinished
from engine.host import chosen_host
from engine.host.chosen_host import ChosenHost
from engine.settings import Request
from tests.app.factory import MODEL, PAIR, FakeHost, whole_run


@pytest.fixture
def made(monkeypatch):
    """The hosts that were made, in order; they are fakes that share the inbox."""
    found = []

    def make_host(kind, runs, inbox):
        found.append((kind, FakeHost(inbox)))
        return found[-1][1]

    monkeypatch.setattr(chosen_host, "make_host", make_host)
    return found


@pytest.fixture
def open_window(qtbot, made):
    windows = []

    def make():
        window = MainWindow(PAIR, application.user_settings(), make_host=main_window.saving_host)
        qtbot.addWidget(window)
        n_before = len(made)
        window.show()
        qtbot.waitUntil(lambda: len(made) > n_before)
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.close_now()


def _say(window, host, *events):
    host.say(*events)
    window.store.pump()


def _changed(made):
    """Wait until the second host was handed its first command."""
    for _ in range(1000):
        if len(made) == 2 and made[1][1].submitted:
            return
        time.sleep(0.01)


def _switch(window):
    window._menus.actions["own_process"].trigger()


def test_the_thread_is_the_default_and_the_process_is_one_switch_away(open_window, made):
    window = open_window()
    assert [kind for kind, _ in made] == ["thread"]
    assert not window._menus.actions["own_process"].isChecked()
    _say(window, made[0][1], MODEL)
    _switch(window)
    assert "next run" in window.store.told
    window.verbs.do("run")
    _changed(made)
    (_, thread), (kind, process) = made
    assert (kind, thread.closed, thread.submitted[1:]) == ("process", True, [])
    assert isinstance(process.submitted[0], Load)
    _say(window, process, EngineStarted("process", 7), MODEL)
    assert isinstance(process.submitted[1], Run)


def test_run_under_way_goes_on_where_it_is(open_window, made):
    window = open_window()
    thread = made[0][1]
    _say(window, thread, MODEL)
    window.verbs.do("run")
    _say(window, thread, *whole_run()[:3])
    _switch(window)
    assert not thread.closed
    _say(window, thread, RunFinished("length", 5))
    window.verbs.do("run")
    _changed(made)
    assert [kind for kind, _ in made] == ["thread", "process"]


def test_changing_ones_mind_loads_again_on_the_host_there_is(open_window, made):
    window = open_window()
    _say(window, made[0][1], MODEL)
    _switch(window)
    _switch(window)
    window.verbs.do("run")
    assert len(made) == 1
    assert not made[0][1].closed


def test_the_choice_comes_back_at_the_next_start(open_window, made):
    window = open_window()
    _switch(window)
    window.close_now()
    again = open_window()
    assert made[-1][0] == "process"
    assert again._menus.actions["own_process"].isChecked()


def test_the_status_line_and_the_log_say_where_the_engine_is(open_window, made, qtbot):
    window = open_window()
    _say(window, made[0][1], EngineStarted("process", 4711), MODEL)
    qtbot.waitUntil(lambda: "own process" in window._status.device.text())
    assert "4711" in event_words.describe(EngineStarted("process", 4711))
    assert "thread" in event_words.describe(EngineStarted("thread", 4711))
    ended = event_words.describe(EngineEnded("it was killed", "run again"))
    assert ended == "engine ended: it was killed; run again"


def test_a_process_that_ended_between_runs_is_said_and_stops_nothing(open_window, made):
    window = open_window()
    _say(window, made[0][1], MODEL, *whole_run(), EngineEnded("it was killed", "run again"))
    assert window.store.trouble is not None
    assert (window.store.trouble.kind, window.store.trouble.message) == ("ended", "it was killed")
    assert not window.store.busy
    assert window.store.engine.model == MODEL


def test_a_training_too_is_done_where_the_engine_was_chosen_to_run(made):
    host = ChosenHost("thread", None)
    host.submit(Load())
    host.choose("process")
    host.submit(Estimate(Load()))
    host.submit(training := Train("builtin", "", "out", {}))
    _changed(made)
    (_, thread), (kind, process) = made
    assert (kind, thread.closed, process.submitted) == ("process", True, [training])


def test_a_host_that_was_never_asked_anything_is_not_made(made):
    host = ChosenHost("process", None)
    host.cancel()
    assert host.close()
    assert made == []
    assert host.kind == "process"


def test_nobody_waits_for_the_end_of_the_host_before(made):
    host, may_end = ChosenHost("thread", None), threading.Event()
    host.submit(Load())
    made[0][1].close = may_end.wait
    host.choose("process")
    commands = [Load(target="a"), Run("plain", {}, Request("x")), Load(target="b")]
    for command in commands[:2]:
        host.submit(command)
    host.cancel()
    host.submit(commands[2])
    assert len(made) == 1
    may_end.set()
    _changed(made)
    process = made[1][1]
    assert host.close()
    assert (process.submitted, process.n_cancelled) == (commands, 1)


def test_restarting_gives_the_engine_a_process_of_its_own_and_a_new_host(open_window, made):
    window = open_window()
    _say(window, made[0][1], MODEL)
    window.restart_engine()
    assert window.store.engine.model is None
    assert "Nothing is loaded" in window.findChild(MemoryBlock).loaded.text()
    assert window.engine_choice.kind == "process"
    assert window._menus.actions["own_process"].isChecked()
    window.verbs.do("run")
    _changed(made)
    assert [kind for kind, _ in made] == ["thread", "process"]
