"""Tables as CSV: copied, and written to a file."""

import csv
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QTableWidget, QTableWidgetItem
from pytestqt.qtbot import QtBot

from app.panels.rounds import RoundsPanel
from app.plots.table_export import TableExport, as_csv, offer_csv
from app.state.store import RunStore


def filled(qtbot: QtBot, n_rows: int) -> tuple[QTableWidget, TableExport, RunStore]:
    store = RunStore()
    table = QTableWidget(n_rows, 3)
    qtbot.addWidget(table)
    table.setAccessibleName("Ways to answer")
    table.setHorizontalHeaderLabels(["name ▲", "value", "hidden"])
    for row in range(n_rows):
        for column, text in enumerate((f"=row {row}", f"-{row}", "x")):
            table.setItem(row, column, QTableWidgetItem(text))
    table.setColumnHidden(2, True)
    return table, offer_csv(table, store), store


def test_a_table_is_copied_without_hidden_columns(qtbot: QtBot) -> None:
    table, _, _ = filled(qtbot, 250)
    table.actions()[0].trigger()
    expected = "name,value\n'=row 0,-0\n'=row 1,-1\n"
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text().count("\n") == 251)
    assert QGuiApplication.clipboard().text().startswith(expected)


def test_without_a_store_a_table_can_only_be_copied(qtbot: QtBot) -> None:
    table = QTableWidget(1, 1)
    qtbot.addWidget(table)
    offer_csv(table)
    assert [action.text() for action in table.actions()] == ["Copy table as CSV"]


def test_a_table_is_written_to_a_file_and_that_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    _, export, store = filled(qtbot, 3)
    export.export(tmp_path / "t.csv")
    qtbot.waitUntil(lambda: "t.csv" in store.told)
    assert list(csv.reader((tmp_path / "t.csv").open(encoding="utf-8")))[1] == ["'=row 0", "-0"]


def test_a_folder_in_the_way_is_reported(qtbot: QtBot, tmp_path: Path) -> None:
    _, export, store = filled(qtbot, 1)
    export.export(tmp_path / "missing" / "t.csv")
    qtbot.waitUntil(lambda: store.trouble is not None)
    assert store.trouble is not None and "could not be written" in store.trouble.message


def test_an_empty_table_has_its_titles(qtbot: QtBot, tmp_path: Path) -> None:
    _, export, store = filled(qtbot, 0)
    export.export(tmp_path / "t.csv")
    qtbot.waitUntil(lambda: bool(store.told))
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == "name,value\n"


def test_rounds_offer_their_table(qtbot: QtBot) -> None:
    panel = RoundsPanel(RunStore())
    qtbot.addWidget(panel)
    assert [a.text() for a in panel.table.actions() if "CSV" in a.text()] == [
        "Copy table as CSV",
        "Export table as CSV…",
    ]


def test_foreign_text_is_no_formula_and_numbers_stay_numbers() -> None:
    assert as_csv([["@x", "-5", "+1|cmd"]]) == "'@x,-5,'+1|cmd\n"
