"""Lines that are cut to their room and copied whole."""

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
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


def test_a_narrow_line_shows_its_shorter_version_and_tells_the_full_one(qtbot: QtBot) -> None:
    line = ElasticLine(None)  # type: ignore[arg-type]
    qtbot.addWidget(line)
    line.show_text("a text that is long enough to be cut in two", "short")
    line.resize(1000, 20)
    line.show()
    label = line.findChild(QLabel)
    assert label.text() == line.text() and not line.toolTip()
    line.resize(80, 20)
    assert label.text() == "short" and "long enough" in line.toolTip()
