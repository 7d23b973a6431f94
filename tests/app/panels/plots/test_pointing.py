"""Pointing at a plot: the mouse and the keys read values off and select rounds, the selected one is marked."""

import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from app.panels.plots.acceptance import AcceptancePlot
from app.panels.plots.latency import LatencyPlot
from app.panels.plots.positions import PositionsPlot
from app.panels.plots.speed import SpeedPlot
from app.panels.plots.tokens_per_round import TokensPerRoundPlot
from app.plots.panel import PlotPanel
from app.state.selection import Selection
from app.state.store import RunStore
from engine.events import RunFinished
from tests.app.factory import a_round, started
from tests.app.panels.plots.fed_plots import ALL, feed, shown, store
from tests.engine.runs import stories

__all__ = ["store"]


def test_selected_round_is_marked(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, LatencyPlot)
    feed(store, stories.whole_run())
    store.select(Selection(2, None))
    plot.refresh()
    assert plot._cursor_line.isVisible()
    assert plot._cursor_line.value() == 2


def test_a_long_value_takes_the_place_of_the_title(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, LatencyPlot)
    plot.resize(320, 200)
    feed(store, stories.whole_run())
    plot.refresh()
    plot.widget.pointed.emit(1.0)
    assert plot.readout.width() >= plot.readout.sizeHint().width()
    plot.widget.left.emit()
    assert plot._title.isVisible()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (AcceptancePlot, "2: α 0.667"),
        (TokensPerRoundPlot, "2: τ 2.00, from α 2.11"),
        (LatencyPlot, "2: draft 1.0 · verify 2.0 · other 0.5 ms"),
        (SpeedPlot, "2: 571 tokens/s so far"),
        (PositionsPlot, "position 1: 0.67, 2 of 3"),
    ],
)
def test_the_mouse_reads_values_off(qtbot: QtBot, store: RunStore, kind: type[PlotPanel], said: str) -> None:
    plot = shown(qtbot, store, kind)
    feed(store, stories.whole_run())
    plot.refresh()
    plot.widget.pointed.emit(1.2)
    assert plot.readout.text() == said
    assert plot.readout.isVisible()
    plot.widget.left.emit()
    assert not plot.readout.isVisible()


@pytest.mark.parametrize("kind", ALL)
def test_there_is_no_reading_where_there_is_no_point(qtbot: QtBot, store: RunStore, kind: type[PlotPanel]) -> None:
    plot = shown(qtbot, store, kind)
    assert plot.reading(0) is None
    feed(store, stories.whole_run())
    plot.refresh()
    assert plot.reading(1000) is None


def test_a_click_selects_the_round_under_it(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, LatencyPlot)
    plot.resize(320, 200)
    feed(store, stories.whole_run())
    plot.refresh()
    scene = plot.plot.getViewBox().mapViewToScene(QPointF(1.1, 2.0))
    at = plot.widget.mapFromScene(scene)
    qtbot.mouseMove(plot.widget.viewport(), at)
    qtbot.mouseClick(plot.widget.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert store.selection == Selection(1, None)


def test_arrow_keys_move_the_selected_round_and_stop_at_the_ends(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    qtbot.keyClick(plot.widget, Qt.Key.Key_Right)
    assert store.selection is None
    feed(store, stories.whole_run())
    seen = []
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(plot.widget, key)
        seen.append(store.selection)
    assert [selection.round for selection in seen if selection is not None] == [0, 1, 2, 2, 1]


def test_the_cursor_goes_with_the_run_it_pointed_into(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, AcceptancePlot)
    feed(store, [started(), a_round(0, [" a"], [" x"]), a_round(1, [" b"], [" y"]), RunFinished("length", 4)])
    store.select(Selection(1, None))
    assert plot._cursor_line.isVisible()
    feed(store, [started("second"), a_round(0, [" a"], [" x"])])
    plot.refresh()
    assert not plot._cursor_line.isVisible()
