"""The table of kept runs: which columns there are room for, and what they say."""

from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from pytestqt.qtbot import QtBot

from app import theme
from app.workspaces.runs import words
from app.workspaces.runs.workspace import RunsWorkspace
from engine.machine import paths
from engine.statistics import Interval
from tests.app.workspaces.runs.kept_runs import cells, keep_some, shown
from tests.engine.store import kept


def test_at_1280_points_the_columns_that_matter_fit_and_rare_ones_come_back_by_the_menu(
    tab: RunsWorkspace, qtbot: QtBot
) -> None:
    keep_some()
    tab.resize(1280, 720)
    shown(qtbot, tab)
    table = tab.table
    table.resize(1280 * 7 // 10, 500)
    titles_of = [column.title for column in table.rows.columns]
    visible = {title for i, title in enumerate(titles_of) if not table.isColumnHidden(i)}
    assert {"title or name", "kind", "started", "speedup", "95 % or range", "state"} <= visible
    assert "tags" not in visible
    assert table.horizontalHeader().length() <= table.viewport().width()
    assert table.textElideMode() == Qt.TextElideMode.ElideMiddle
    menu = table.column_menu()
    next(action for action in menu.actions() if action.text() == "tags").toggle()
    assert not table.isColumnHidden(titles_of.index("tags"))
    next(action for action in menu.actions() if action.text() == "As many as fit").trigger()
    assert table.isColumnHidden(titles_of.index("tags"))
    menu.deleteLater()


def test_no_heading_is_cut(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    tab.resize(1600, 1000)
    shown(qtbot, tab)
    header, table = tab.table.horizontalHeader(), tab.table
    for number, column in enumerate(table.rows.columns):
        if not table.isColumnHidden(number):
            assert header.fontMetrics().horizontalAdvance(column.title) + theme.GRID <= header.sectionSize(number)


def test_chosen_columns_are_kept_from_start_to_start(tab: RunsWorkspace, qtbot: QtBot, tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    shown(qtbot, tab)
    tags = next(i for i, column in enumerate(tab.table.rows.columns) if column.title == "tags")
    tab.table.choose_columns(["tags"])
    tab.save(settings)
    tab.reset_layout()
    tab.restore(settings)
    assert not tab.table.isColumnHidden(tags)
    assert tab.table.chosen_columns == ("tags",)


def test_a_speedup_stands_beside_its_interval_or_range(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some(prompts=("alpha",))
    shown(qtbot, tab)
    (row,) = kept.opened(paths.runs()).rows([tab.table.rows.id_at(0)])
    spread = next(i for i, column in enumerate(tab.table.rows.columns) if column.title == "95 % or range")
    assert cells(qtbot, tab, spread) == [words.spread(row)]
    assert words.spread(row._replace(speedup_ci=Interval(1.5, 1.7), speedup=1.6)) == "[1.50, 1.70]"
    ranged = row._replace(speedup_ci=None, speedup_range=Interval(1.5, 1.7), speedup=1.6, speedup_n=5)
    assert words.spread(ranged) == "1.50 to 1.70"
    assert words.spread_in_full(ranged) == "1.50 to 1.70 over 5 repeats"
    assert words.spread(row._replace(speedup=None)) == "—"
