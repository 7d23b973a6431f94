"""The Compare tab with an engine, and with a finished comparison in it, for the tests of this folder."""

import pytest

from app.panel import Panel
from app.state.store import RunStore
from app.workspaces.compare.workspace import CompareWorkspace
from engine.events import Surveyed
from tests.app.factory import MODEL, PAIR, FakeHost
from tests.app.served import served
from tests.comparisons import comparison


@pytest.fixture
def tab(qtbot):  # type: ignore[no-untyped-def]
    """A store with an engine, the tab on it, and a way to make the engine say something."""
    store, host = RunStore(), FakeHost()
    store.attach(host)
    store.load(PAIR)
    workspace = served(CompareWorkspace, store)
    qtbot.addWidget(workspace)
    workspace.resize(1500, 900)
    workspace.show()

    def say(*events) -> None:  # type: ignore[no-untyped-def]
        host.say(*events)
        store.pump()
        while not host.inbox.empty():
            store.pump()
        for panel in workspace.findChildren(Panel):
            panel.refresh()
        while workspace.texts.loading:
            workspace.texts._add_some()

    say(MODEL)
    say(Surveyed("builtin", ()))
    yield store, host, workspace, say
    workspace.close()
    store.close()


@pytest.fixture
def compared(tab):  # type: ignore[no-untyped-def]
    """The same, with a finished comparison."""
    _, _, workspace, say = tab
    workspace.do("run")
    say(*comparison())
    return tab
