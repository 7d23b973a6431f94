"""Lines that are cut to their room and copied whole."""

from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.widgets.labels import ElasticLine


def test_a_cut_line_is_copied_whole(qtbot: QtBot) -> None:
    line = ElasticLine(None)  # type: ignore[arg-type]
    qtbot.addWidget(line)
    line.resize(40, 20)
    line.show_text("an answer that is longer than its line")
    (copy,) = line.actions()
    copy.trigger()
    assert QGuiApplication.clipboard().text() == "an answer that is longer than its line"
