"""The plane of named points: its axes have no number where nothing can be."""

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.plots.export import Table
from app.plots.plane import Plane, Spot
from app.widgets.lane_marks import PLAIN_MARK


def test_room_beyond_what_can_be_has_no_number(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    plane = Plane("loss", ("speed", "loss"), "", "", host, table=lambda: Table((), ()), note=str)
    plane.show_spots([Spot("plain", PLAIN_MARK, 1.0, 0.0)], ends=(0.0, 2.0, -0.01, 0.05))

    def numbers(side: str, low: float, high: float) -> list[float]:
        return sorted(value for _, values in plane.plot.getAxis(side).tickValues(low, high, 300) for value in values)

    assert numbers("left", -0.01, 0.05)[0] == 0 and numbers("left", -0.01, 0.05)[-1] == pytest.approx(0.05)
    assert numbers("left", 0.0, 1.12)[-1] == 1 and numbers("bottom", 0.0, 2.0)[-1] == 2
