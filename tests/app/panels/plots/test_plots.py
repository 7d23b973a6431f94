"""Plots hold what the events said, start over with a new run, and follow the scheme."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.panels.plots.acceptance import AcceptancePlot
from app.panels.plots.latency import LatencyPlot
from app.panels.plots.positions import PositionsPlot
from app.panels.plots.speed import SpeedPlot
from app.panels.plots.tokens_per_round import TokensPerRoundPlot
from app.plots.axis import RoundAxis, round_step, top_of
from app.plots.curve import MOST_SHOWN, Curve, range_for
from app.plots.panel import PlotPanel
from app.state.store import RunStore
from engine.events import Event, RunFinished
from engine.runs.round_counts import Position
from engine.runs.summary import Summary
from tests.app.factory import a_round, blocks, started
from tests.app.panels.plots.fed_plots import ALL, feed, shown, store
from tests.engine.runs import stories

__all__ = ["store"]


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


def test_only_positions_that_were_tested_are_numbered_and_keep_their_number(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, PositionsPlot)
    kept = (Position(), Position(1, 2), Position(2, 2))  # of a gate, whose first token no round had tested
    plot.draw((), Summary(positions=kept))
    ticks, *_ = plot.plot.getAxis("bottom")._tickLevels
    assert [text for _, text in ticks] == ["1", "2", "3"]
    assert list(plot.bars.opts["x"]) == [2, 3] and plot.heights == (0.5, 1.0)
    assert plot.reading(1) is None and plot.reading(2) == "position 2: 0.50, 1 of 2"


def test_a_run_without_a_drafter_leaves_no_bar_of_the_last_one(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, PositionsPlot)
    feed(store, stories.whole_run())
    plot.refresh()
    assert plot.bars.isVisible()
    feed(store, [started("run2", method="plain", drafter="none"), a_round(0, [], (), " a")])
    plot.refresh()
    assert not plot.bars.isVisible()
    assert not any(count.isVisible() for count in plot.counts)


def test_rounds_without_a_proposal_count_where_the_lines_should_meet(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, TokensPerRoundPlot)
    one = [a_round(number, [], (), " a") for number in range(8)]
    feed(store, [started(drafter="lookup"), *one, a_round(8, [" b"]), a_round(9, [" b"], [" x"])])
    plot.refresh()
    assert plot.measured.y[-1] == pytest.approx(12 / 10)
    alpha = 2 / 3
    assert plot.predicted.y[-1] == pytest.approx((8 + (1 + alpha) + (1 + alpha + alpha**2)) / 10)
    assert store.summary.predicted_tau == pytest.approx(plot.predicted.y[-1])


def test_a_stopped_measurement_is_not_said_to_lack_plain_decoding(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    plain = next(block for block in blocks() if block.lane == "plain")
    feed(store, [started(), a_round(0, [" a"]), plain])
    plot.refresh()
    assert plot.caption.text() == "Plain decoding is being timed beside it."
    feed(store, [RunFinished("cancelled", 2)])
    plot.refresh()
    assert plot.caption.text() == "Stopped before both were timed."


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


def test_curve_keeps_every_point_while_its_buffer_grows(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    for i in range(1000):
        plot.speed.extend([i], [2.0 * i])
    plot.speed.show()
    assert np.array_equal(plot.speed.y, 2.0 * np.arange(1000))


def test_a_long_curve_draws_few_points_and_keeps_the_last(qtbot: QtBot, store: RunStore) -> None:
    curve = shown(qtbot, store, SpeedPlot).speed
    for n in (MOST_SHOWN, 1, 25_000):
        curve.extend(range(n), [float(i) for i in range(n)])
        x, y = curve.thinned()
        assert len(x) <= MOST_SHOWN + 1
        assert (x[-1], y[-1]) == (curve.x[-1], curve.y[-1])
    assert len(curve.x) == MOST_SHOWN + 1 + 25_000


def test_times_of_a_long_run_are_means_so_that_none_is_lost(qtbot: QtBot, store: RunStore) -> None:
    curve = shown(qtbot, store, LatencyPlot).whole
    values = [float(i % 4) for i in range(1024)]
    curve.extend(range(1024), values)
    _, means = curve.thinned()
    assert means.tolist() == [1.5] * (MOST_SHOWN + 1)
    curve.extend([1024, 1025], [8.0, 4.0])
    assert curve.thinned()[1][-1] == pytest.approx((8.0 + 4.0) / 2)


def test_every_round_from_the_tenth_on_has_its_interval(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, AcceptancePlot)
    rounds = [stories.round_of(i, "accepted", "rejected" if i % 3 else "accepted") for i in range(900)]
    for first in range(0, 900, 60):
        feed(store, [*([] if first else [stories.started()]), *rounds[first : first + 60]])
        plot.refresh()
        assert plot.low.x.tolist() == plot.high.x.tolist() == list(range(9, first + 60))
    found = store.summary.alpha_ci
    assert found is not None
    assert (plot.low.y[-1], plot.high.y[-1]) == found
    assert all(plot.low.y <= plot.alpha.y[9:])
    assert all(plot.alpha.y[9:] <= plot.high.y)


def test_the_band_of_a_run_seen_half_is_that_of_its_first_half(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, AcceptancePlot)
    rounds = [stories.round_of(i, "accepted", "rejected" if i % 3 else "accepted") for i in range(40)]
    feed(store, [stories.started(), *rounds, RunFinished("length", 6)])
    whole = plot.low.y.tolist()
    store.seek(21)
    plot.refresh()
    assert plot.low.y.tolist() == whole[:11]


def test_the_axis_of_a_text_that_has_ended_ends_with_it(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, LatencyPlot)
    rounds = [stories.round_of(i, "accepted") for i in range(35)]
    feed(store, [stories.started(), *rounds])
    assert plot._span[1] == 36
    feed(store, [RunFinished("length", 6)])
    assert plot._span[1] == 34
    store.seek(10)
    plot.refresh()
    assert plot._span[1] == 34


def test_rounds_on_the_axis_are_counted_from_1(qtbot: QtBot, store: RunStore) -> None:
    axis = shown(qtbot, store, LatencyPlot).widget.rounds
    [(step, places)] = axis.tickValues(0, 34, 1000)
    assert axis.tickStrings(places, 1, step) == ["1", "10", "20", "30"]
    [(step, places)] = axis.tickValues(0, 4, 1000)
    assert axis.tickStrings(places, 1, step) == ["1", "2", "3", "4"]


def test_an_axis_that_begins_far_along_a_text_has_a_handful_of_ticks(qtbot: QtBot) -> None:
    axis = RoundAxis()
    axis.first = 0
    [(step, places)] = axis.tickValues(100_007, 100_012, 1000)
    assert step == 1 and places == [100_007, 100_008, 100_009, 100_010, 100_011, 100_012]
    [(_, places)] = axis.tickValues(99_000, 101_000, 1000)
    assert places == [99_000, 99_500, 100_000, 100_500, 101_000]


@pytest.mark.parametrize("data", [7.2, 95, 99, 550, 1040, 12_345])
@pytest.mark.parametrize("size", [20, 60, 90, 400])
def test_the_uppermost_tick_is_not_below_the_data(qtbot: QtBot, store: RunStore, data: float, size: float) -> None:
    axis = shown(qtbot, store, SpeedPlot).widget.values
    axis.end = top_of([data], least=1.0)
    [(_, ticks)] = axis.tickValues(0, 1.03 * axis.end, size)
    assert data <= ticks[-1] <= 1.7 * data
    assert len(ticks) <= (6 if size >= 200 else 5)


def test_a_bar_says_how_many_were_tested_and_is_hatched_where_they_are_few(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, PositionsPlot)
    rounds = [stories.round_of(i, "accepted", *(["accepted"] if i < 3 else ["rejected"] * (i < 4))) for i in range(12)]
    feed(store, [stories.started(), *rounds])
    plot.refresh()
    assert [count.toPlainText() for count in plot.counts] == ["12", "4"]
    styles = [brush.style() for brush in plot.bars.opts["brushes"]]
    assert styles == [Qt.BrushStyle.SolidPattern, Qt.BrushStyle.BDiagPattern]


def test_the_medians_that_the_speedup_compares_are_drawn(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    feed(store, [started(), a_round(0, [" a"])])
    assert not plot.median.isVisible()
    feed(store, blocks(3))
    plot.refresh()
    assert plot.median.value() / plot.plain.value() == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([started(), a_round(0, [" a"])], "Plain decoding is measured after the text."),
        (
            [started(settings={"baseline": False}), a_round(0, [" a"])],
            "Plain decoding was not measured in this run.",
        ),
        (
            [started(), a_round(0, [" a"]), RunFinished("cancelled", 2)],
            "Plain decoding was not measured in this run.",
        ),
        ([started(), a_round(0, [" a"]), *blocks(1)], "2.00× plain: one repeat"),
    ],
)
def test_the_speed_promises_only_what_will_come(qtbot: QtBot, store: RunStore, events: list[Event], said: str) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    feed(store, events)
    plot.refresh()
    assert plot.caption.text() == said


def test_catching_up_in_slices_shows_what_one_drawing_shows(qtbot: QtBot, store: RunStore) -> None:
    events = stories.whole_run()
    plots = [shown(qtbot, store, kind) for kind in (TokensPerRoundPlot, AcceptancePlot)]
    for event in events:
        feed(store, [event])
        for plot in plots:
            plot.refresh()
    assert plots[0].measured.y.tolist() == pytest.approx([3.0, 2.0, 2.0])
    assert plots[1].alpha.y.tolist() == pytest.approx([1.0, 2 / 3, 3 / 5])


@pytest.mark.parametrize("kind", ALL)
def test_an_empty_plot_says_what_will_appear(qtbot: QtBot, store: RunStore, kind: type[PlotPanel]) -> None:
    plot = shown(qtbot, store, kind)
    assert plot.words.isVisible()
    assert "appear" in plot.words.text()
    feed(store, stories.whole_run())
    plot.refresh()
    assert not plot.words.isVisible()
    feed(store, [stories.started()])
    plot.refresh()
    assert plot.words.isVisible()


@pytest.mark.parametrize("kind", [AcceptancePlot, PositionsPlot])
def test_plain_decoding_is_said_to_propose_nothing(qtbot: QtBot, store: RunStore, kind: type[PlotPanel]) -> None:
    plot = shown(qtbot, store, kind)
    feed(store, [started(method="plain"), a_round(0, ())])
    plot.refresh()
    assert plot.words.isVisible()
    assert plot.words.text().startswith("Plain decoding proposes nothing")


def test_the_speed_of_plain_decoding_has_a_band_from_two_repeats_on(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    feed(store, [started(), a_round(0, [" a"]), *blocks(1)])
    plot.refresh()
    assert not plot.plain_band.isVisible()
    feed(store, [started(), a_round(0, [" a"]), *blocks(3)])
    plot.refresh()
    assert plot.plain_band.isVisible()
    assert plot.caption.text() == "2.00× plain: 2.00 to 2.00 over 3 repeats"
    feed(store, [started(), a_round(0, [" a"]), *blocks(10)])
    plot.refresh()
    assert plot.caption.text() == "2.00× plain: 95 % in [2.00, 2.00], 10 repeats"


def test_round_axes_of_all_plots_line_up(qtbot: QtBot, store: RunStore) -> None:
    plots = [shown(qtbot, store, kind) for kind in ALL]
    for plot in plots:
        plot.resize(320, 200)
    assert len({plot.widget.values.fixedWidth for plot in plots}) == 1
    assert len({plot.plot.getViewBox().sceneBoundingRect().left() for plot in plots}) == 1


@pytest.mark.parametrize("kind", ALL)
def test_nothing_of_a_plot_is_wider_than_its_column(qtbot: QtBot, store: RunStore, kind: type[PlotPanel]) -> None:
    plot = shown(qtbot, store, kind)
    feed(store, stories.whole_run())
    plot.refresh()
    plot.widget.pointed.emit(1.0)
    assert plot.minimumSizeHint().width() <= 320
    plot.widget.left.emit()
    assert plot.minimumSizeHint().width() <= 320
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in plot.findChildren(QLabel))


@pytest.mark.parametrize("height", [0, 40, 90])
def test_a_low_plot_paints_all_the_same(qtbot: QtBot, store: RunStore, height: int) -> None:
    plot = shown(qtbot, store, AcceptancePlot)
    feed(store, stories.whole_run())
    plot.setMinimumHeight(0)
    plot.resize(200, height)
    plot.refresh()
    assert not plot.grab().isNull() or height == 0


def test_steps_of_an_axis_are_round() -> None:
    assert [round_step(least) for least in (0.3, 1.0, 1.1, 3.0, 37.5, 600)] == [0.5, 1.0, 2.0, 5.0, 50.0, 1000.0]


def test_an_axis_ends_somewhere_whatever_a_file_states() -> None:
    assert top_of([float("inf")], least=1.0) < 1e13


def test_an_axis_stays_while_it_is_enough() -> None:
    assert top_of([7.2], least=1.0, now=9.0) == 9.0
    assert top_of([7.2], least=1.0, now=7.0) == 8.0
    assert top_of([7.2], least=1.0, now=80.0) == 8.0


def test_axes_move_in_steps() -> None:
    assert [range_for(n) for n in (0, 16, 17, 25, 100, 1025)] == [16, 16, 24, 36, 121, 1369]
    assert top_of([7.2], least=1.0) == 8.0
    assert top_of([], least=10.0) > 10.0
