"""The table of rounds: what its cells say, sorting and filtering, selection, copying, and that it stays cheap."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app import theme
from app.panels.rounds import RoundsPanel
from app.panels.rounds_model import DECISION, RoundsModel
from app.state.selection import Selection
from app.state.store import RunStore
from engine.events import Event, PolicyDecided, Setting
from tests.app.factory import FakeHost, a_round, started, whole_run

Show = Callable[..., RoundsPanel]


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Show]:
    store, host = RunStore(), FakeHost()
    store.attach(host)

    def make(*events: Event) -> RoundsPanel:
        panel = RoundsPanel(store)
        qtbot.addWidget(panel)
        panel.resize(900, 200)
        panel.show()
        feed(panel, *events)
        return panel

    yield make
    store.close()


def feed(panel: RoundsPanel, *events: Event) -> None:
    for event in events:
        panel.store.take(event)
    panel.store.changed.emit()
    panel.refresh()


def place_of(panel: RoundsPanel, title: str) -> int:
    return [fact.title for fact in panel.model.facts].index(title)


def column(panel: RoundsPanel, title: str) -> list[object]:
    model, place = panel.model, place_of(panel, title)
    return [model.data(model.index(row, place)) for row in range(model.rowCount())]


def mixed() -> list[Event]:
    """Rounds 0 to 4; 1 and 3 have a rejection."""
    return [
        started(),
        a_round(0, [" a", " b"], (), " c"),
        a_round(1, [], [" lived", " on"], " there"),
        a_round(2, [" d"], (), " e"),
        a_round(3, [" f", " g", " h"], [" ran"], "\n"),
        a_round(4, [], (), " i"),
    ]


def test_cells_hold_what_the_rounds_said(show: Show) -> None:
    panel = show(*whole_run())
    assert column(panel, "round") == ["1", "2"]
    assert column(panel, "proposed") == ["4", "1"]
    assert column(panel, "accepted") == ["2", "1"]
    assert column(panel, "emitted") == ["3", "2"]
    assert column(panel, "verify ms") == ["5.00", "5.00"]
    assert column(panel, "least p/q") == ["0.75", "0.75"]
    assert column(panel, "rejected") == ["·lived", ""]
    assert column(panel, "text") == ["·a·time·there", "·was⏎"]


def test_a_row_selects_its_round_and_a_selection_its_row(show: Show) -> None:
    panel = show(*whole_run())
    panel.table.selectRow(1)
    assert panel.store.selection == Selection(1, None)
    panel.store.select(Selection(0, 3))
    panel.refresh()
    assert panel.table.currentIndex().row() == 0
    assert panel.store.selection == Selection(0, 3)


def test_a_new_run_empties_the_table(show: Show) -> None:
    panel = show(*whole_run())
    feed(panel, started("next"))
    assert panel.model.rowCount() == 0
    assert panel.count.text() == "0 rounds"


def test_numbers_are_sorted_as_numbers_and_new_rounds_fall_into_place(show: Show) -> None:
    panel = show(*mixed())
    panel.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert column(panel, "accepted") == ["3", "2", "1", "0", "0"]
    feed(panel, *(a_round(number, [" x"] * 10, (), " y") for number in range(5, 7)))
    assert column(panel, "accepted")[:3] == ["10", "10", "3"]
    panel.own_order()
    assert column(panel, "round") == [str(number) for number in range(1, 8)]


def test_what_is_not_known_sorts_below_every_number(show: Show) -> None:
    panel = show(*mixed())
    panel.table.sortByColumn(place_of(panel, "least p/q"), Qt.SortOrder.AscendingOrder)
    assert column(panel, "least p/q")[0] == "—"


def test_the_filter_keeps_rounds_with_a_rejection_and_counts_them(show: Show) -> None:
    panel = show(*mixed())
    panel.only_rejections.setChecked(True)
    assert column(panel, "round") == ["2", "4"]
    assert panel.count.text() == "2 of 5 rounds"
    feed(panel, a_round(5, [], [" no"]), a_round(6, [" yes"]))
    assert column(panel, "round") == ["2", "4", "6"]
    panel.only_rejections.setChecked(False)
    assert panel.count.text() == "7 rounds"


def test_selection_outlives_sorting_and_filtering(show: Show) -> None:
    panel = show(*mixed())
    panel.store.select(Selection(3, None))
    panel.refresh()
    panel.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert panel.model.round_at(panel.table.currentIndex().row()) == 3
    panel.only_rejections.setChecked(True)
    assert panel.model.round_at(panel.table.currentIndex().row()) == 3
    panel.store.select(Selection(2, None))
    panel.refresh()
    assert not panel.table.currentIndex().isValid()
    assert panel.store.selection == Selection(2, None)
    panel.only_rejections.setChecked(False)
    assert panel.model.round_at(panel.table.currentIndex().row()) == 2


def test_home_and_end_go_to_the_first_and_last_row(show: Show, qtbot: QtBot) -> None:
    panel = show(*mixed())
    qtbot.keyClick(panel.table, Qt.Key.Key_End)
    assert panel.store.selection == Selection(4, None)
    qtbot.keyClick(panel.table, Qt.Key.Key_Home)
    assert panel.store.selection == Selection(0, None)


def test_the_column_of_the_cursor_can_be_sorted_by_key(show: Show, qtbot: QtBot) -> None:
    panel = show(*mixed())
    panel.table.setCurrentIndex(panel.model.index(0, 2))
    panel.sort_by_current()
    assert column(panel, "accepted") == ["0", "0", "1", "2", "3"]
    panel.sort_by_current()
    assert column(panel, "accepted") == ["3", "2", "1", "0", "0"]


def test_selected_rows_are_copied_with_a_header_and_no_formula(show: Show) -> None:
    panel = show(started(), a_round(0, ["=1+1"], ["@x"], "\t"), a_round(1, [" b"]))
    panel.table.selectAll()
    panel.copy()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 3
    cells = dict(zip(*(line.split("\t") for line in lines[:2]), strict=True))
    assert (cells["round"], cells["rejected"], cells["text"]) == ("1", "'@x", "'=1+1⇥")


@pytest.mark.parametrize("text", ["<b>x</b>", "\u202egnp.exe", "a" * 1_000_000])
def test_hostile_text_neither_acts_nor_swells(show: Show, text: str) -> None:
    panel = show(started(), a_round(0, [text], [text], text))
    shown = [*column(panel, "rejected"), *column(panel, "text")]
    assert all(len(str(cell)) < 300 and "\u202e" not in str(cell) for cell in shown)


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.8}])
def test_all_columns_fit_a_narrow_table(show: Show, settings: dict[str, Setting]) -> None:
    panel = show(started(settings=settings), a_round(0, [" a"]))
    panel.resize(700, 200)
    header, style = panel.table.horizontalHeader(), panel.table.fontMetrics()
    for place, fact in enumerate(panel.model.facts):
        least = style.horizontalAdvance(fact.title) + 2 * theme.GRID
        assert fact.is_text or header.isSectionHidden(place) or header.sectionSize(place) >= least
    assert panel.table.isColumnHidden(place_of(panel, "least p/q")) == (not settings)
    assert panel.table.horizontalHeader().length() <= panel.table.viewport().width()
    panel.table.sortByColumn(place_of(panel, "accepted"), Qt.SortOrder.AscendingOrder)
    assert panel.table.horizontalHeader().length() <= panel.table.viewport().width()


def test_a_sorted_column_says_so_in_its_title_and_has_room_for_it(show: Show) -> None:
    panel = show(*mixed())
    place = place_of(panel, "accepted")
    header = panel.table.horizontalHeader()
    for order, title in ((Qt.SortOrder.AscendingOrder, "accepted ▲"), (Qt.SortOrder.DescendingOrder, "accepted ▼")):
        panel.table.sortByColumn(place, order)
        assert panel.model.headerData(place, Qt.Orientation.Horizontal) == title
        assert header.sectionSize(place) >= panel.table.fontMetrics().horizontalAdvance(title)
    assert not header.isSortIndicatorShown()


def test_a_click_on_a_title_sorts(show: Show, qtbot: QtBot) -> None:
    panel = show(*mixed())
    header, place = panel.table.horizontalHeader(), place_of(panel, "accepted")
    at = QPoint(header.sectionViewportPosition(place) + 20, 5)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert column(panel, "accepted") == ["0", "0", "1", "2", "3"]


@pytest.mark.parametrize("height", [120, 133, 151, 200, 261])
def test_no_row_is_cut(show: Show, height: int) -> None:
    panel = show(started(), *(a_round(number, [" a"]) for number in range(50)))
    panel.resize(900, height)
    row, room = panel.table.rowHeight(0), panel.table.viewport().height()
    assert room % row == 0
    panel.table.scrollToBottom()
    assert panel.table.rowViewportPosition(panel.table.rowAt(0)) == 0


def test_a_cell_that_is_cut_is_whole_in_its_tooltip(show: Show) -> None:
    panel = show(started(), a_round(0, [], ["<b>long</b>"]))
    tip = panel.model.data(panel.model.index(0, place_of(panel, "rejected")), Qt.ItemDataRole.ToolTipRole)
    assert tip == "<p>&lt;b&gt;long&lt;/b&gt;</p>"
    assert panel.table.toolTip()


def test_every_column_is_explained(show: Show) -> None:
    model = show().model
    tips = [
        model.headerData(i, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) for i in range(model.columnCount())
    ]
    assert all(tips)


def test_a_round_is_found_where_a_file_numbers_as_it_likes(show: Show) -> None:
    model: RoundsModel = show(started(), a_round(7, [" a"]), a_round(3, [" b"])).model
    assert (model.row_of(3), model.row_of(7), model.row_of(0)) == (1, 0, None)


def test_unsorted_rows_are_appended_and_nothing_is_laid_out_anew(show: Show, qtbot: QtBot) -> None:
    panel = show(started())
    layouts: list[int] = []
    panel.model.layoutChanged.connect(lambda: layouts.append(1))
    for first in range(0, 26_000, 1000):
        panel.model.append([a_round(first, ())] * 1000)
    assert panel.model.rowCount() == 26_000
    assert layouts == []


def test_what_a_policy_decided_stands_at_its_round_with_its_reason(show: Show) -> None:
    panel = show(*whole_run())
    assert panel.table.isColumnHidden(DECISION)
    assert "decision" not in panel.model.as_text([0]).splitlines()[0]
    before, after = PolicyDecided(2, 4, 7, 1.62, 1.71, "faster"), PolicyDecided(3, 7, 0, None, None, "low_acceptance")
    feed(panel, *mixed()[:3], before, *mixed()[3:], after)
    assert not panel.table.isColumnHidden(DECISION)
    assert column(panel, "decision") == ["", "", "γ 4 → 7, predicted 1.62 → 1.71", "γ 7 → 0", ""]
    tip = panel.model.data(panel.model.index(2, DECISION), Qt.ItemDataRole.ToolTipRole)
    assert "predicted to be faster" in str(tip)
    panel.store.take(started())
    panel.refresh()
    assert panel.table.isColumnHidden(DECISION)
