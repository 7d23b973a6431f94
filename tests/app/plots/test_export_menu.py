"""What the menu of a figure offers: files, and copies of the picture and of its values."""

import numpy as np
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.plots import export
from app.plots.export import Column, Table
from app.plots.export_menu import ExportMenu


def _menu(qtbot: QtBot) -> ExportMenu:
    figure = QLabel("figure")
    qtbot.addWidget(figure)
    figure.resize(120, 60)
    values = Table(("a run",), (Column("round", np.array([1.0, 2.0])), Column("rate", np.array([0.5, 0.25]))))
    return ExportMenu(
        "Figure", figure, picture=lambda _svg: export.as_png(figure), table=lambda: values, origin=lambda: ""
    )


def test_the_picture_is_copied(qtbot: QtBot) -> None:
    menu = _menu(qtbot)
    next(action for action in menu.actions() if action.text() == "Copy picture").trigger()
    assert QGuiApplication.clipboard().image().width() >= 120


def test_the_values_are_copied_as_the_file_has_them(qtbot: QtBot) -> None:
    menu = _menu(qtbot)
    next(action for action in menu.actions() if action.text() == "Copy values as CSV").trigger()
    assert QGuiApplication.clipboard().text() == "# a run\nround,rate\n1,0.5\n2,0.25\n"
