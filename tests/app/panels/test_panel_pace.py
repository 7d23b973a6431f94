"""A panel with a pace of its own: what it put off is drawn soon after the last change, a new run at once."""

from collections.abc import Iterator, Sequence

import pytest
from pytestqt.qtbot import QtBot

from app.panel import Panel
from app.state.budget import LEVELS
from app.state.store import RunStore
from app.workspaces.decode.metrics import MetricsPanel
from engine.commands import Run
from engine.events import Event
from engine.runs.summary import Summary
from engine.settings import Request
from tests.app.factory import MODEL, PAIR, FakeHost, a_round, started


class _Slow(Panel):
    every_ms = 500

    def __init__(self, store: RunStore) -> None:
        super().__init__(store)
        self.drawn: list[Event] = []

    def clear(self) -> None:
        self.drawn = []

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        self.drawn += new


@pytest.fixture
def store() -> Iterator[RunStore]:
    made = RunStore()
    made.attach(FakeHost())
    made.load(PAIR)
    made.run(PAIR, Run("speculative", {}, Request("x")))
    for event in (MODEL, started(), a_round(0, [" a"])):
        made.take(event)
    made._timer.stop()
    yield made
    made.close()
    made.deleteLater()


def show(qtbot: QtBot, panel: Panel) -> None:
    qtbot.addWidget(panel)
    panel.show()


def put_off(store: RunStore, *events: Event) -> None:
    """Say something in a frame in which panels of a slow pace do not draw."""
    for event in events:
        store.take(event)
    store.changed.emit()


def test_what_came_last_is_drawn_soon_though_nothing_follows_it(qtbot: QtBot, store: RunStore) -> None:
    panel = _Slow(store)
    show(qtbot, panel)
    store.budget._at = len(LEVELS) - 1
    put_off(store, a_round(1, [" b"]))
    assert len(panel.drawn) == 2
    assert store.busy
    qtbot.waitUntil(lambda: len(panel.drawn) == 3, timeout=2000)


def test_a_new_run_is_taken_up_at_once_whatever_the_pace(qtbot: QtBot, store: RunStore) -> None:
    panel = _Slow(store)
    show(qtbot, panel)
    put_off(store, started("next"))
    assert store.busy
    assert panel.drawn == store.log


def test_figures_of_the_last_run_do_not_stand_under_a_new_one(qtbot: QtBot, store: RunStore) -> None:
    panel = MetricsPanel(store)
    show(qtbot, panel)
    assert panel.values()["acceptance rate α"].startswith("1.00")
    put_off(store, started("next"))
    assert panel.values()["acceptance rate α"] == "—"
