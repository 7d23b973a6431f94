"""Lines whose parts are shown whole or not at all."""

from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.workspaces.presentation.lines import PartsLine, fitting


def test_parts_that_do_not_fit_are_left_out_from_the_end(qtbot: QtBot) -> None:
    metrics = QFontMetrics(QWidget().font())
    two = metrics.horizontalAdvance("one · two")
    assert fitting(("one", "", "two", "three"), metrics, two) == "one · two"
    assert fitting((), metrics, 100) == ""
    assert fitting(("one and much more",), metrics, metrics.horizontalAdvance("one and…")).endswith("…")


def test_what_is_left_out_stands_in_the_tooltip_as_plain_text(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    line = PartsLine("Line", parent)
    line.show_parts(("a", "<b>bold</b>"))
    assert "&lt;b&gt;" in line.toolTip() and line.accessibleDescription() == "a · <b>bold</b>"
    line.resize(20, 20)
    assert line.parts == ("a", "<b>bold</b>") and not line.grab().isNull()
