"""A tab on its own, in front of the verbs that it is served by."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol, TypeVar

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.panels.verbs import Verbs, VerbTarget
from app.state.store import RunStore
from app.workspaces.base import TabContext
from engine.commands import Load
from engine.events import Event
from tests.app.factory import MODEL, PAIR, FakeHost


class Tab(VerbTarget, Protocol):
    def __init__(self, context: TabContext) -> None: ...


T = TypeVar("T", bound=Tab)


def served(kind: type[T], store: RunStore, pair: Load = Load(), *, named: bool = False) -> T:  # noqa: B008
    """A tab of that kind."""
    verbs = Verbs(store)
    made = kind(TabContext(store, verbs, pair, named, lambda view: None))
    made.verbs_kept = verbs  # type: ignore[attr-defined]  # as long as the tab
    verbs.serve(made)
    return made


class TalkingTab(NamedTuple):
    """A store with an engine, a shown tab on it, and a way to make the engine say something."""

    store: RunStore
    host: FakeHost
    workspace: object
    say: Callable[..., None]


@contextmanager
def talking(qtbot: QtBot, kind: type[T], settle: Callable[[T], None]) -> Iterator[TalkingTab]:
    """A tab whose engine has loaded a pair. settle: lets its panels draw what was said."""
    store, host = RunStore(), FakeHost()
    store.attach(host)
    store.load(PAIR)
    workspace = served(kind, store)
    assert isinstance(workspace, QWidget)
    qtbot.addWidget(workspace)
    workspace.resize(1500, 900)
    workspace.show()

    def say(*events: Event) -> None:
        host.say(*events)
        store.pump()
        while not host.inbox.empty():
            store.pump()
        settle(workspace)

    say(MODEL)
    yield TalkingTab(store, host, workspace, say)
    workspace.close()
    store.close()
