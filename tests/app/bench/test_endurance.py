"""Nothing is left behind: many starts and stops, many switches, many windows; windows closed at bad moments."""

import gc
import threading
from collections.abc import Iterator
from threading import Event as Flag
from typing import cast

import pytest
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QDockWidget, QTabBar

from app import application
from app.main_window import MainWindow
from engine.commands import Load, Run
from engine.events import Event, ModelLoaded, PhaseFinished, Progressed, RunStarted
from engine.host.thread_host import ThreadHost
from engine.session.session import Session
from tests.app.factory import MODEL, PAIR, FakeHost, a_round, started, whole_run
from tests.stub_session import StubSession

# Nothing at all may be left of any of them, so that a few show it as well as many.
N_CYCLES, N_SWITCHES, N_WINDOWS = 12, 2, 2


class EndlessSession(StubSession):
    """Loads at once, and runs until it is stopped, so that every stop comes in the middle of a run."""

    def load(self, asked: Load, cancelled: Flag) -> Iterator[Event]:
        yield Progressed("loading", 1, 2, "tensors")
        yield MODEL

    def run(self, asked: Run, cancelled: Flag) -> Iterator[Event]:
        yield started(method=asked.method)
        yield PhaseFinished("prefill", 1.0, 2)
        number = 0
        while True:
            yield a_round(number, [" a"], [" x"])
            number += 1
            cancelled.wait(0.001)


class StuckSession(EndlessSession):
    """Takes long to load, like the import of a large library, and does not look at the flag."""

    def __init__(self) -> None:
        self.go_on = Flag()

    def load(self, asked: Load, cancelled: Flag) -> Iterator[Event]:
        self.go_on.wait(1.0)
        yield from super().load(asked, cancelled)


def endless_host() -> ThreadHost:
    return ThreadHost(new_session=lambda: cast(Session, EndlessSession()))


@pytest.fixture
def open_window(qtbot):
    windows = []

    def make(make_host) -> MainWindow:
        window = MainWindow(PAIR, application.user_settings(), make_host=make_host)
        window.show()
        window.workspaces.make_all()
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.close_now()
        window.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # deferred deletes


def n_objects(window: MainWindow) -> tuple[int, int, int]:
    """Objects, active timers and threads."""
    gc.collect()
    QApplication.sendPostedEvents(None, 52)
    timers = [timer for timer in window.findChildren(QTimer) if timer.isActive()]
    return len(window.findChildren(QObject)), len(timers), threading.active_count()


def has_grown(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether there is more of anything; a timer that happened to be waiting before may have ended."""
    return any(now > then for then, now in zip(before, after, strict=True))


def test_many_starts_and_stops_leave_nothing_behind(open_window, qtbot):
    window = open_window(endless_host)
    store = window.store
    qtbot.waitUntil(lambda: store.engine.model is not None)

    def cycle() -> None:
        window.verbs.do("run")
        qtbot.waitUntil(lambda: store.history.live is not None and store.summary.n_rounds >= 1)
        store.cancel()
        qtbot.waitUntil(lambda: not store.busy)

    for _ in range(5):
        cycle()
    before = n_objects(window)
    for _ in range(N_CYCLES):
        cycle()
    assert not has_grown(before, n_objects(window))
    assert len(store.history.records) == N_CYCLES + 5
    assert all(record.summary.reason == "cancelled" for record in store.history.records)


def test_a_stop_comes_within_a_round(open_window, qtbot):
    window = open_window(endless_host)
    store = window.store
    qtbot.waitUntil(lambda: store.engine.model is not None)
    window.verbs.do("run")
    qtbot.waitUntil(lambda: store.summary.n_rounds >= 3)
    store.pause()
    store.pump()
    n_before = store.history.live_summary.n_rounds
    store.cancel()
    qtbot.waitUntil(lambda: not store.busy)
    # What was in the queue when the stop was asked for, and the round under way.
    assert store.summary.n_rounds <= n_before + 2


def test_switching_docks_and_tabs_leaves_nothing_behind(open_window, qtbot):
    window = open_window(FakeHost)
    for event in whole_run():
        window.store.take(event)
    window.store.changed.emit()
    window.resize(1600, 1000)  # in a small window the text has the room of the docks
    docks = window.workspaces["decode"].findChildren(QDockWidget)
    qtbot.waitUntil(lambda: any(bar.count() > 1 for bar in window.workspaces["decode"].findChildren(QTabBar)))

    def switch_all() -> None:
        for dock in docks:
            dock.hide()
            QApplication.sendPostedEvents()
            dock.show()
            dock.raise_()
            QApplication.sendPostedEvents()

    for _ in range(3):
        switch_all()
    before = n_objects(window)
    for _ in range(N_SWITCHES):
        switch_all()
    assert not has_grown(before, n_objects(window))


def test_many_windows_leave_nothing_behind(qtbot):
    def open_and_close() -> None:
        window = MainWindow(PAIR, None, make_host=endless_host)
        window.show()
        qtbot.waitUntil(lambda: window.store.engine.model is not None)
        window.verbs.do("run")
        qtbot.waitUntil(lambda: window.store.summary.n_rounds >= 1)
        window.close_now()
        window.deleteLater()
        QApplication.sendPostedEvents(None, 52)

    open_and_close()
    gc.collect()
    before = len(QApplication.allWidgets()), threading.active_count()
    for _ in range(N_WINDOWS):
        open_and_close()
    gc.collect()
    assert (len(QApplication.allWidgets()), threading.active_count()) == before


def test_a_window_closed_in_the_middle_of_a_load_ends_its_engine(qtbot):
    session = StuckSession()
    window = MainWindow(PAIR, None, make_host=lambda: ThreadHost(new_session=lambda: cast(Session, session)))
    window.show()
    qtbot.waitUntil(lambda: window.store.commands.handed)
    n_threads = threading.active_count()
    window.close_now()
    session.go_on.set()
    qtbot.waitUntil(lambda: threading.active_count() < n_threads)
    window.deleteLater()


def test_a_window_closed_in_the_middle_of_a_run_keeps_the_trace(qtbot, tmp_path):
    host = ThreadHost(tmp_path / "runs", new_session=lambda: cast(Session, EndlessSession()))
    window = MainWindow(PAIR, None, make_host=lambda: host)
    window.show()
    qtbot.waitUntil(lambda: window.store.engine.model is not None)
    window.verbs.do("run")
    qtbot.waitUntil(lambda: window.store.summary.n_rounds >= 2)
    window.close_now()
    lines = next((tmp_path / "runs").glob("*/trace.jsonl")).read_text().splitlines()
    assert '"RunStarted"' in lines[0]
    assert '"cancelled"' in lines[-1]
    window.deleteLater()


def test_two_windows_at_once_do_not_share_a_run(open_window, qtbot):
    first, second = open_window(endless_host), open_window(endless_host)
    qtbot.waitUntil(lambda: first.store.engine.model is not None and second.store.engine.model is not None)
    first.verbs.do("run")
    qtbot.waitUntil(lambda: first.store.summary.n_rounds >= 2)
    assert second.store.summary.n_rounds == 0
    first.store.cancel()
    qtbot.waitUntil(lambda: not first.store.busy)
    assert isinstance(second.store.engine.model, ModelLoaded)
    assert isinstance(first.store.log[0], RunStarted)
