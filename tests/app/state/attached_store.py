"""A store on a host that says what a test lets it say, and a run to ask it for."""

from app.state.store import RunStore
from engine.commands import Run
from engine.settings import Request
from tests.app.factory import FakeHost

RUN = Run("speculative", {}, Request("hello"))


def attached(qtbot) -> tuple[RunStore, FakeHost]:
    store, host = RunStore(), FakeHost()
    store.attach(host)
    return store, host
