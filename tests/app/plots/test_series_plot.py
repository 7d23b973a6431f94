"""A plot of series: read off by keys, chosen by a click; a predicted curve is no row of points to read."""

import pytest
from pytestqt.qtbot import QtBot

from app.plots.series_plot import Series, SeriesPlot, SeriesPoint
from app.state.store import RunStore
from app.widgets.lane_marks import PLAIN_MARK
from engine.statistics import Interval

POINTS = (SeriesPoint(10, 0.2, Interval(0.1, 0.3)), SeriesPoint(1000, 0.6))


class Chosen(SeriesPlot):
    def choose(self, x: float) -> None:
        self.chosen = x


@pytest.fixture
def plot(qtbot: QtBot) -> Chosen:
    shown = Chosen(
        RunStore(), None, title="Accuracy", caption="", axis="share", bottom="tokens", empty="nothing yet"
    )  # fmt: skip
    qtbot.addWidget(shown)
    return shown


def test_keys_read_a_value_and_a_click_chooses_it(plot: Chosen) -> None:
    assert not plot.words.isHidden()
    plot.show_series((Series("a", PLAIN_MARK, POINTS, name="plain"),))
    plot._on_stepped(1)
    plot._on_stepped(1)
    assert plot.reading(1) == "1,000: ● 0.60" and plot.words.isHidden()
    plot._select(0)
    assert plot.chosen == 1000


def test_columns_have_every_place_and_the_ends_of_intervals(plot: Chosen) -> None:
    plot.show_series((Series("a", PLAIN_MARK, POINTS, name="plain"), Series("b", PLAIN_MARK, POINTS[:1], joined=False)))
    titles = [column.title for column in plot.columns()]
    assert titles[:4] == ["tokens", "● plain (share)", "● plain, low", "● plain, high"]


def test_a_curve_is_drawn_but_not_read(plot: Chosen) -> None:
    curve = tuple(SeriesPoint(1 + x, 0.5) for x in range(200))
    plot.show_series((Series("a", PLAIN_MARK, POINTS), Series("fit", PLAIN_MARK, curve, predicted=True)))
    assert plot.xs == (10, 1000)
