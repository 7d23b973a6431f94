"""A store, plots on it, and a way to feed it with what an engine would have said."""

import pytest
from pytestqt.qtbot import QtBot

from app.panels.plots.acceptance import AcceptancePlot
from app.panels.plots.latency import LatencyPlot
from app.panels.plots.positions import PositionsPlot
from app.panels.plots.speed import SpeedPlot
from app.panels.plots.tokens_per_round import TokensPerRoundPlot
from app.plots.panel import PlotPanel
from app.state.store import RunStore
from engine.events import Event
from tests.app.factory import FakeHost

ALL = (AcceptancePlot, TokensPerRoundPlot, LatencyPlot, SpeedPlot, PositionsPlot)


@pytest.fixture
def store(qtbot: QtBot) -> RunStore:
    made = RunStore()
    made.attach(FakeHost())
    yield made
    made.close()
    made.deleteLater()


def shown(qtbot: QtBot, store: RunStore, kind: type[PlotPanel]) -> PlotPanel:
    panel = kind(store)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def feed(store: RunStore, events: list[Event]) -> None:
    for event in events:
        store.take(event)
    store.changed.emit()
