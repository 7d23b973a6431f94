from xml.etree import ElementTree

import pytest

from engine.reports import charts, svg
from engine.reports.charts import ChartSeries, MapCell, WhiskerRow
from engine.reports.svg import Plot
from engine.statistics import Interval

HOSTILE = "<script>alert(1)</script>\x00\u202e\ud800&\"'\ufffe"


def read(plot: Plot) -> ElementTree.Element:
    """The parsed plot; malformed XML raises."""
    return ElementTree.fromstring(plot.svg.encode())


def texts(plot: Plot) -> list[str]:
    return [element.text or "" for element in read(plot).iter() if element.tag.endswith("text")]


def a_plot_of_each_kind(name: str = "lane", value: float = 1.5) -> list[Plot]:
    series = [ChartSeries(name, lane, ((1.0, value), (2.0, value / 2))) for lane in range(9)]
    return [
        charts.whiskers(
            "t", "c", "speedup, ×", [WhiskerRow(name, i, value, Interval(0.5, 2), "1.5×") for i in range(9)]
        ),
        charts.against("t", "c", ("predicted", "measured"), series),
        charts.lines("t", "c", ("position", "share"), series, top_value=1.0),
        charts.bars("t", "c", ("rank", "%"), ["2nd", "3rd", name], series),
        charts.cell_map("t", "c", ("γ", "drafter"), ["1", "2"], [(name, [MapCell(value), MapCell(None)])]),
    ]


@pytest.mark.parametrize("place", range(5))
def test_each_plot_is_well_formed_whatever_is_written_in_it(place: int) -> None:
    plot = a_plot_of_each_kind(HOSTILE)[place]
    assert "<script" not in plot.svg and "\x00" not in plot.svg
    assert read(plot).get("aria-label") == "t"


@pytest.mark.parametrize("value", [0.0, 1e-12, 1.0, 1e308, -3.0])
def test_extreme_values_are_drawn(value: float) -> None:
    for plot in a_plot_of_each_kind(value=value):
        read(plot)
        assert "nan" not in plot.svg and "inf" not in plot.svg


def test_plots_of_nothing_are_drawn() -> None:
    for plot in (
        charts.lines("t", "c", ("x", "y"), []),
        charts.against("t", "c", ("x", "y"), []),
        charts.bars("t", "c", ("x", "y"), [], []),
        charts.cell_map("t", "c", ("x", "y"), [], []),
        charts.whiskers("t", "c", "x", []),
    ):
        assert read(plot).tag.endswith("svg")


def test_axes_have_their_units_and_series_their_names() -> None:
    plot = charts.lines("Time", "c", ("round", "ms"), [ChartSeries(n, i, ((0.0, 1.0),)) for i, n in enumerate("ab")])
    assert {"round", "ms", "a", "b"} <= set(texts(plot))


def test_a_cell_says_whether_it_was_measured() -> None:
    plot = charts.cell_map(
        "t", "c", ("γ", "drafter"), ["1", "2"], [("a", [MapCell(1.4, measured=False), MapCell(1.8)])]
    )
    assert {"≈1.40×", "1.80×"} <= set(texts(plot))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.93, 1.98), (-2, 3), (1, 1), (0, 128_000), (5, 5.001)])
def test_ticks_enclose_what_they_are_for(low: float, high: float) -> None:
    values = svg.ticks(low, high)
    assert values[0] <= low + 1e-9 and values[-1] >= high - 1e-9
    assert 2 <= len(values) <= 9


def test_symbols_tell_lanes_apart_without_colour() -> None:
    marks = [svg.mark(0, 0, lane, paint="text") for lane in range(10)]
    assert len(set(marks)) == 10
    assert svg.mark(0, 0, 10, paint="text") == marks[1]


def test_long_names_keep_both_ends() -> None:
    assert svg.short_label("a" * 100 + "b" * 100, 9) == "aaaa…bbbb"
