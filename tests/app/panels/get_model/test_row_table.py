"""Rows are chosen whole, stay chosen over an update, and tell in a tooltip what was shortened."""

from pytestqt.qtbot import QtBot

from app import theme
from app.panels.get_model.row_table import RowTable
from app.panels.get_model.words import Row

ROWS = [Row("a", ("a", "✓ fits"), True, 1), Row("b", ("<b>", "✗ does not fit"), False, 1, ((1, "needs <9> GiB"),))]


def test_a_row_stays_chosen_when_rows_are_shown_anew(qtbot: QtBot) -> None:
    table = RowTable(("Name", "Here"), "Pairs", None)  # type: ignore[arg-type]
    qtbot.addWidget(table)
    assert table.chosen is None
    table.show_rows(ROWS)
    table.selectRow(1)
    table.show_rows([ROWS[1]._replace(cells=("c", "✗ does not fit")), ROWS[0]])
    assert (table.chosen, table.item(0, 0).text()) == (0, "c")
    table.show_rows(ROWS[:1])
    assert table.chosen is None


def test_a_tooltip_says_in_full_what_a_cell_shortens(qtbot: QtBot) -> None:
    table = RowTable(("Name", "Here"), "Pairs", None)  # type: ignore[arg-type]
    qtbot.addWidget(table)
    table.show_rows(ROWS)
    assert "needs &lt;9&gt; GiB" in table.item(1, 1).toolTip()
    assert "&lt;b&gt;" in table.item(1, 0).toolTip()
    assert table.item(0, 1).foreground().color().name() == theme.current().good.lower()
