"""What several tests of the window need."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from app import application
from app.main_window import MainWindow
from app.panels.setup.panel import SetupPanel
from app.panels.stream.panel import TokenStreamPanel
from app.state.store import RunStore
from engine.commands import Load
from tests.app.factory import PAIR, FakeHost


@pytest.fixture(autouse=True)
def _deleted(qapp: QApplication) -> Iterator[None]:
    """What a test leaves to be deleted is gone before the next one: no event loop runs in between that would do it."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def shown(qtbot):
    """A store, the stream's panel on it, and a way to make the engine say something."""
    store, host = RunStore(), FakeHost()
    store.attach(host)
    panel = TokenStreamPanel(store)
    qtbot.addWidget(panel)
    panel.mode.inspect(True)
    panel.resize(800, 400)
    panel.show()

    def drawn():
        return not panel.behind and panel.settled

    def say(*events):
        """Let the engine speak, and wait until a visible stream is laid out: slices go by the clock."""
        host.say(*events)
        store.pump()
        while not host.inbox.empty():
            store.pump()
        if panel.isVisible():
            qtbot.waitUntil(drawn, timeout=60_000)

    yield store, panel, say
    panel.close()


@pytest.fixture
def setup(qtbot):
    """A panel whose store has an engine; `say` lets the engine speak."""
    store, host, panels = RunStore(), FakeHost(), []
    store.attach(host)

    def make(pair: Load = PAIR, *, named: bool = False) -> SetupPanel:
        panel = SetupPanel(store, pair, named=named)
        panel.every_ms = 0
        qtbot.addWidget(panel)
        panel.show()
        panels.append(panel)
        return panel

    def say(*events):
        host.say(*events)
        store.pump()

    make.store, make.host, make.say = store, host, say
    yield make
    for panel in panels:
        panel.close()


@pytest.fixture
def open_window(qtbot):
    windows = []

    def make(pair: Load = PAIR) -> tuple[MainWindow, FakeHost]:
        host = FakeHost()
        window = MainWindow(pair, application.user_settings(), make_host=lambda: host)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitUntil(lambda: bool(host.submitted))
        windows.append(window)
        return window, host

    yield make
    for window in windows:
        window.close_now()
