"""The line below the top bar: one line high whatever it says, and its button."""

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.workspaces.compare.setup_line import SetupLine


def test_the_line_keeps_its_height_and_offers_settings_of_another_comparison(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    line = SetupLine(window)
    window.show()
    line.show_words(("", ""), belongs_to_another=False)
    height = line.sizeHint().height()
    assert line.use.isHidden()
    line.show_words(("one", "", "two"), belongs_to_another=True)
    assert (line.text.text(), line.use.isHidden(), line.sizeHint().height()) == ("one · two", False, height)
    with qtbot.waitSignal(line.settings_asked):
        line.use.click()
