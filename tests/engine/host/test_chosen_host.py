"""The change of the kind of host where the engine before does not stop at once: two never run side by side."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from typing import cast

import pytest

from engine.commands import Load, Unload
from engine.events import EngineStarted, Event, HostKind, ModelUnloaded
from engine.host import chosen_host
from engine.host import thread_host as host_module
from engine.host.chosen_host import ChosenHost
from engine.host.thread_host import ThreadHost
from engine.session.session import Session
from tests.stub_session import StubSession

_WAIT_S = 60


class DeafSession(StubSession):
    """Loads without a look at any flag, until it may end."""

    def __init__(self, kind: HostKind) -> None:
        self.kind, self.begun, self.may_end = kind, threading.Event(), threading.Event()

    def load(self, asked: Load, cancelled: Flag) -> Iterator[Event]:
        self.begun.set()
        assert self.may_end.wait(_WAIT_S)
        yield ModelUnloaded()

    def unload(self, asked: Unload, cancelled: Flag) -> Iterator[Event]:
        yield from ()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[DeafSession]]:
    """The sessions of the hosts that were made, in order; the hosts soon give up waiting for their threads."""
    found: list[DeafSession] = []
    begun: list[ThreadHost] = []

    def make_host(kind: HostKind, _runs: Path | None, inbox: "SimpleQueue[Event]") -> ThreadHost:
        found.append(session := DeafSession(kind))
        new_session = cast(Callable[[], Session], lambda: session)
        begun.append(ThreadHost(new_session=new_session, outbox=inbox, kind=kind))
        return begun[-1]

    monkeypatch.setattr(host_module, "_JOIN_S", 0.05)
    monkeypatch.setattr(chosen_host, "make_host", make_host)
    yield found
    for session in found:
        session.may_end.set()
    monkeypatch.undo()
    assert all(one.close() for one in begun)


def test_a_restart_ends_the_host_and_the_next_command_starts_another(made: list[DeafSession]) -> None:
    host = ChosenHost("thread", None)
    host.submit(Load("a", "none"))
    assert made[0].begun.wait(_WAIT_S)
    host.restart()
    made[0].may_end.set()
    host.submit(Load("b", "none"))
    made_second = _second(made)
    assert made_second.begun.wait(_WAIT_S)
    made_second.may_end.set()
    while not host.close():
        pass


def _second(made: list[DeafSession]) -> DeafSession:
    """The session of the second host, once it was made."""
    for _ in range(6000):
        if len(made) > 1:
            return made[1]
        threading.Event().wait(0.01)
    raise AssertionError("no second host was made")


def started(kind: HostKind, made: list[DeafSession]) -> ChosenHost:
    """A host that is at a load and, asked for another, on its way to the other kind."""
    host = ChosenHost(kind, None)
    host.submit(Load())
    assert made[0].begun.wait(_WAIT_S)
    host.choose("process")
    host.submit(Load())
    return host


def test_nothing_is_begun_beside_an_engine_that_does_not_stop(made: list[DeafSession]) -> None:
    host = started("thread", made)
    change = next(thread for thread in threading.enumerate() if thread.name == "draftscope-change")
    change.join(0.5)
    assert [session.kind for session in made] == ["thread"]
    made[0].may_end.set()
    change.join(_WAIT_S)
    assert [session.kind for session in made] == ["thread", "process"]
    made[1].may_end.set()
    assert made[1].begun.wait(_WAIT_S)
    said = [host.inbox.get(timeout=_WAIT_S) for _ in range(3)]
    assert [event.host if isinstance(event, EngineStarted) else "answered" for event in said] == [
        "thread", "answered", "process",
    ]  # fmt: skip
    assert host.close()


def test_an_engine_that_outlives_the_change_is_not_called_ended(made: list[DeafSession]) -> None:
    host = started("thread", made)
    assert not host.close()
    assert len(made) == 1
    assert not host.close()
    made[0].may_end.set()
    next(thread for thread in threading.enumerate() if thread.name == "draftscope-engine").join(_WAIT_S)
    assert host.close()
