"""A button with a sheet of controls: where it opens, and that Escape closes only it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.popup_button import PopupButton


def test_the_sheet_opens_below_inside_the_screen_and_escape_closes_it(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    button = PopupButton("More", "further settings", window)
    button.sheet.column.addWidget(QLineEdit(button.sheet))
    window.resize(300, 100)
    window.show()
    button.click()
    assert button.sheet.isVisible()
    room = button.screen().availableGeometry()
    assert room.contains(button.sheet.geometry().topLeft())
    qtbot.keyClick(button.sheet, Qt.Key.Key_Escape)
    assert not button.sheet.isVisible()
    assert (button.text(), button.toolTip()) == ("More ▾", "further settings")
