"""The heat map: keys and clicks choose a cell, and a new grid of the same places keeps it."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.plots.heat_canvas import HeatCanvas, HeatCell, HeatGrid

CELLS = {(0, 0): HeatCell(("0.50", ".5"), "accent", 0.5), (1, 2): HeatCell(("0.70", ".7"), "accent", 3.0, False)}
GRID = HeatGrid(("0", "1"), ("1", "2", "5"), CELLS, {(1, 2): "k 5, m 1: predicted 0.70"}, "k")


@pytest.fixture
def canvas(qtbot: QtBot) -> HeatCanvas:
    shown = HeatCanvas(QMenu(), None)  # type: ignore[arg-type]
    qtbot.addWidget(shown)
    shown.resize(400, 200)
    shown.show_grid(GRID, (1, 2))
    return shown


def test_a_click_and_enter_choose_a_cell(canvas: HeatCanvas, qtbot: QtBot) -> None:
    places: list[tuple[int, int]] = []
    canvas.picked.connect(lambda row, column: places.append((row, column)))
    left, top, width, height = canvas._cell_size()
    middle = QPoint(round(left + 2.5 * width), round(top + 1.5 * height))
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.keyClick(canvas, Qt.Key.Key_Left)
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    assert places == [(1, 2), (1, 1)]
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert len(places) == 2 and not canvas.grab().isNull()


def test_new_figures_in_the_same_places_leave_the_cell_chosen(canvas: HeatCanvas) -> None:
    canvas.current = (1, 2)
    canvas.show_grid(GRID._replace(cells={}), None)
    assert canvas.current == (1, 2) and canvas.reading(1, 2) == "k 5, m 1: predicted 0.70"
    canvas.show_grid(GRID._replace(columns=("1",)), None)
    assert canvas.current is None and canvas.reading(9, 9) == ""


def test_an_empty_map_takes_keys(canvas: HeatCanvas, qtbot: QtBot) -> None:
    canvas.show_grid(HeatGrid(), None)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Return):
        qtbot.keyClick(canvas, key)
    assert canvas.current is None and not canvas.grab().isNull()
