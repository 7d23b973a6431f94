"""Acceptance by position: of every length measured, and of the run, whose stretches stay few however long it is."""

import pytest
from pytestqt.qtbot import QtBot

from app.state.store import RunStore
from app.workspaces.longcontext.position_plot import PositionPlot
from app.workspaces.longcontext.state import LengthProgress
from tests.app.factory import a_round, started
from tests.lengths import measurement


@pytest.fixture
def plot(qtbot: QtBot) -> PositionPlot:
    store = RunStore()
    shown = PositionPlot(store)
    qtbot.addWidget(shown)
    return shown


def test_a_run_is_a_series_of_its_own_with_few_points(plot: PositionPlot) -> None:
    plot.store.take(started(pieces=[" w"] * 100))
    for number in range(1200):
        plot.store.take(a_round(number, [" a", " b"], [" c"], " d"))
    while plot.behind:
        plot.refresh()
    (series,) = plot.series
    assert series.name.endswith("run on show") and 30 < len(series.points) <= 64
    assert all(abs(point.value - 2 / 3) < 1e-9 for point in series.points)
    places = [point.x for point in series.points]
    assert places == sorted(places) and places[0] > 100 and places[-1] < 100 + 3 * 1200


def test_lengths_and_run_stand_side_by_side_and_a_new_run_begins_anew(plot: PositionPlot) -> None:
    for event in measurement():
        plot.store.tab(LengthProgress).take(event)
    plot.refresh()
    assert {own.mark.glyph for own in plot.series} == {"▲", "■", "◆", "▼"}
    plot.store.take(started("one", pieces=[" w"] * 10))
    plot.store.take(a_round(0, [" a"], [" c"], " d"))
    plot.refresh()
    assert len(plot.series) == 5 and "7,524" in str(plot.columns()[0].values.max().__format__(",.0f"))
    plot.store.take(started("two", pieces=[" w"] * 10))
    plot.refresh()
    assert len(plot.series) == 4
