"""Panels of a comparison: plots, map, categories, shapes, texts, each from the same record and empty without one."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from app import theme
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.heat_grid import heat_grid
from app.workspaces.compare.lane_columns import SPEEDUP
from app.workspaces.compare.predicted import predicted_points
from engine.events import ComparisonMeasured, GenerationMeasured
from tests.comparisons import FOREIGN, GENERAL, SMALL, comparison


def test_every_panel_says_what_will_appear(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = tab
    for words in (workspace.positions.words, workspace.ranks.words, workspace.predicted.words, workspace.heat.words):
        assert not words.isHidden() and words.text()
    assert not workspace.texts.empty.isHidden() and not workspace.categories.empty.isHidden()
    assert not workspace.lanes.empty.isHidden()
    assert "lanes" in workspace.recommendation.because.text()


def test_acceptance_by_position_has_a_series_for_each_drafted_lane(compared) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    series = {own.lane: own.ys for own in workspace.positions.series}
    assert set(series) == {SMALL.name, GENERAL.name}
    assert series[GENERAL.name][0] == pytest.approx(0.8)
    assert workspace.positions.reading(1) == "position 1: ▲ 0.80  ■ 0.80"
    assert workspace.positions.reading(9) is None
    assert workspace.shapes.words.text() == "▲ ■ flat: longer drafts may pay"


def test_ranks_begin_with_the_second_place_and_end_with_all_further_ones(compared) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    assert [workspace.ranks.tick(place) for place in (1, 2, 5)] == ["2", "3", "6+"]
    assert sum(workspace.ranks.series[0].ys) == pytest.approx(1.0)


def test_plots_are_read_by_keyboard_and_export(compared, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    for plot in (workspace.positions, workspace.predicted):
        plot._on_stepped(1)
        assert plot.readout.text()
        with qtbot.waitSignal(plot.exported):
            plot.export(tmp_path / "plot.csv")
        assert "# comparison: c0ffee00" in (tmp_path / "plot.csv").read_text()
        for kind in ("svg", "png"):
            with qtbot.waitSignal(plot.exported):
                plot.export(tmp_path / f"plot.{kind}")
            assert (tmp_path / f"plot.{kind}").stat().st_size > 1000
        assert "■" in plot.note() and plot.origin() == "c0ffee00"


def test_predicted_and_measured_are_points_with_their_spread(compared) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, _ = compared
    points = predicted_points(store.tab(ComparingProgress).record)
    assert [point.lane for point in points] == [SMALL.name, GENERAL.name]
    assert points[1].reach.low == pytest.approx(1.73)
    workspace.predicted._on_pointed(1.9)
    assert workspace.predicted.readout.text().startswith(f"■ {GENERAL.name}: predicted 1.86, measured 1.83×")


def test_the_map_has_measured_and_predicted_cells(compared) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, _ = compared
    grid = heat_grid(store.tab(ComparingProgress).record)
    assert grid.drafters == ("builtin", "builtin:small") and grid.gammas == (1, 2, 4)
    assert grid.cells["builtin", 1].measured is None and grid.cells["builtin", 1].speedup == 1.4
    assert (grid.cells["builtin", 4].predicted, grid.cells["builtin", 4].measured) == (1.86, 1.83)
    canvas = workspace.heat.canvas
    assert canvas.best == grid.place_of("builtin", 4) == (0, 2)
    assert canvas.reading(0, 2) == "builtin at γ 4: measured 1.83×, predicted 1.86×"
    assert canvas.reading(1, 0) == "builtin:small at γ 1: neither predicted nor measured"


def test_the_map_is_walked_by_keys_and_paints_in_both_schemes(compared, qtbot, qapp) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    workspace.pages.setCurrentIndex(1)
    canvas = workspace.heat.canvas
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        qtbot.keyClick(canvas, key)
    assert canvas.current == (1, 1) and "builtin:small" in canvas.accessibleDescription()
    light = canvas.grab().toImage()
    theme.apply(qapp, "dark")
    assert canvas.grab().toImage() != light
    theme.apply(qapp, "light")
    qtbot.mouseMove(canvas, QPoint(canvas.width() - 5, 30))
    assert len(workspace.heat.table().columns[0].values) == 3


def test_categories_have_a_column_for_each_lane_and_bold_the_fastest(compared) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    table = workspace.categories.table
    assert (table.rowCount(), table.columnCount()) == (2, 4)
    assert [table.item(0, column).text() for column in range(4)] == ["story", "2", "1.44×", "1.83×"]
    assert table.item(0, 3).font().bold() and not table.item(0, 2).font().bold()


def test_a_chosen_row_is_the_lane_that_panels_show(compared) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = compared
    table = workspace.lanes.table
    assert table.currentIndex().row() == 2
    table.setCurrentIndex(workspace.lanes.model.index(1, 0))
    say()
    assert store.tab(ComparingProgress).lane == SMALL.name
    assert [column.lane for column in workspace.texts._shown()][:2] == ["plain", SMALL.name]


def test_rows_are_copied_as_csv_and_sorted_by_key(compared) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    workspace.lanes.copy_all()
    assert GENERAL.name in QGuiApplication.clipboard().text()
    workspace.lanes.copy()
    assert SMALL.name not in QGuiApplication.clipboard().text()
    workspace.lanes.table.setCurrentIndex(workspace.lanes.model.index(0, SPEEDUP))
    workspace.lanes.sort_by_current()
    assert workspace.lanes.model.lane_at(0) == GENERAL.name, "the fastest comes first"
    workspace.lanes.sort_by_current()
    assert workspace.lanes.model.lane_at(0) == "plain"


def test_a_narrow_window_leaves_out_columns_that_matter_less(compared) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    table, columns = workspace.lanes.table, workspace.lanes.model.columns
    workspace.resize(1000, 700)
    hidden = {columns[place].title for place in range(len(columns)) if table.isColumnHidden(place)}
    assert {"J/token", "TPOT"} <= hidden and not hidden & {"lane", "speedup", "why not", "α"}
    workspace.resize(2600, 900)
    assert not any(table.isColumnHidden(place) for place in range(len(columns)))


def test_a_speedup_is_drawn_as_well_as_written(compared) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    table = workspace.lanes.table
    rect = table.visualRect(workspace.lanes.model.index(2, SPEEDUP))
    picture = table.viewport().grab(rect.adjusted(workspace.lanes.whiskers.text_width, 0, 0, 0)).toImage()
    ink = {picture.pixelColor(x, picture.height() // 2).name() for x in range(picture.width())}
    assert len(ink) > 1


def test_the_engine_may_say_nothing_of_a_lane(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    start, refusal, *_, last = comparison()
    assert isinstance(last, ComparisonMeasured)
    workspace.do("run")
    say(start, refusal, replace(last, lanes=(), recommendation=None, predictions=()))
    assert workspace.lanes.model.rowCount() == 4 and not workspace.positions.series
    assert workspace.lanes.model.lane_at(3) == FOREIGN.name


def test_generations_alone_fill_the_texts(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace.do("run")
    events = comparison(n_prompts=2)
    say(*events[:-1])
    assert workspace.texts.turns.count() == 2
    assert [column.lane for column in workspace.texts._shown()] == ["plain", SMALL.name, GENERAL.name]
    assert sum(isinstance(event, GenerationMeasured) for event in events) == 6


def test_the_first_click_on_a_title_puts_the_best_first(compared) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    model, header = workspace.lanes.model, workspace.lanes.table.horizontalHeader()
    for place, column in enumerate(model.columns):
        if column.title not in ("tokens/s", "speedup", "TPOT"):
            continue
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        first = model.headerData(place, Qt.Orientation.Horizontal, Qt.ItemDataRole.InitialSortOrderRole)
        header.setSortIndicator(place, first)
        assert model.lane_at(0) == GENERAL.name, column.title
