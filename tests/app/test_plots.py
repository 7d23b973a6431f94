"""Plots hold what the events said, start over with a new run, and follow the scheme and the selection."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.curve import Curve, range_for
from app.panels.plots.acceptance import AcceptancePlot
from app.panels.plots.latency import LatencyPlot
from app.panels.plots.positions import PositionsPlot
from app.panels.plots.speed import SpeedPlot
from app.panels.plots.tokens_per_round import TokensPerRoundPlot
from app.plot_panel import PlotPanel, top_of
from app.store import RunStore, Selection
from engine.events import Event
from tests.app.factory import FakeHost
from tests.engine import stories

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


def test_acceptance_runs_over_tested_tokens_only(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, AcceptancePlot)
    feed(store, stories.whole_run())
    plot.refresh()
    assert plot.alpha.x.tolist() == [0, 1, 2]
    assert plot.alpha.y.tolist() == pytest.approx([1.0, 2 / 3, 3 / 5])


def test_tokens_per_round_are_shown_beside_what_alpha_predicts(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, TokensPerRoundPlot)
    feed(store, stories.whole_run())
    plot.refresh()
    assert plot.measured.y.tolist() == pytest.approx([3.0, 2.0, 2.0])
    assert plot.predicted.y[-1] == pytest.approx(1 + 0.6 + 0.36)


def test_times_are_stacked(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, LatencyPlot)
    feed(store, stories.whole_run())
    plot.refresh()
    assert plot.drafted.y.tolist() == [1.0] * 3
    assert plot.verified.y.tolist() == [3.0] * 3
    assert plot.whole.y.tolist() == [3.5] * 3


def test_plain_decoding_appears_once_it_was_measured(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    events = stories.whole_run()
    feed(store, events[:5])
    plot.refresh()
    assert not plot.plain.isVisible()
    feed(store, events[5:])
    plot.refresh()
    assert plot.plain.isVisible()
    assert plot.plain.value() == pytest.approx(1e3 / 3.5)
    assert plot.speed.y[-1] == pytest.approx(1e3 * 6 / 10.5)


def test_positions_count_what_was_tested_there(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, PositionsPlot)
    feed(store, stories.whole_run())
    plot.refresh()
    assert plot.heights == pytest.approx((2 / 3, 1 / 2))


@pytest.mark.parametrize("kind", ALL)
def test_new_run_starts_from_an_empty_plot(qtbot: QtBot, store: RunStore, kind: type[PlotPanel]) -> None:
    plot = shown(qtbot, store, kind)
    feed(store, stories.whole_run())
    plot.refresh()
    feed(store, [stories.started()])
    plot.refresh()
    curves = [value for value in vars(plot).values() if isinstance(value, Curve)]
    assert all(len(curve.x) == 0 for curve in curves)
    assert getattr(plot, "heights", ()) == ()


@pytest.mark.parametrize("kind", ALL)
def test_every_plot_names_its_axes_and_itself(qtbot: QtBot, store: RunStore, kind: type[PlotPanel]) -> None:
    plot = shown(qtbot, store, kind)
    assert plot.widget.accessibleName()
    assert plot.widget.accessibleDescription()
    assert all(plot.plot.getAxis(side).labelText for side in ("left", "bottom"))


def test_selected_round_is_marked(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, LatencyPlot)
    feed(store, stories.whole_run())
    store.select(Selection(2, None))
    plot.refresh()
    assert plot._cursor_line.isVisible()
    assert plot._cursor_line.value() == 2


def test_curve_keeps_every_point_while_its_buffer_grows(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    for i in range(1000):
        plot.speed.extend([i], [2.0 * i])
    plot.speed.show()
    assert np.array_equal(plot.speed.y, 2.0 * np.arange(1000))


def test_axes_move_in_steps() -> None:
    assert [range_for(n) for n in (0, 16, 17, 100, 1024, 1025)] == [16, 16, 32, 128, 1024, 2048]
    assert top_of([7.2], least=1.0) == 8.0
    assert top_of([], least=10.0) > 10.0
