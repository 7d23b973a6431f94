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


def test_every_opening_focuses_the_first_control(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    button = PopupButton("More", "further settings", window)
    fields = [QLineEdit(button.sheet) for _ in range(3)]
    for field in fields:
        button.sheet.column.addWidget(field)
    fields[0].setEnabled(False)
    window.show()
    for _ in range(3):
        button.open()
        assert button.sheet.first_control() is fields[1]
        assert button.sheet.focusWidget() is fields[1]
        fields[2].setFocus()
        button.sheet.close()


def test_a_sheet_without_controls_opens_too(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    button = PopupButton("More", "further settings", window)
    window.show()
    button.open()
    assert button.sheet.first_control() is None and button.sheet.isVisible()
    button.sheet.close()
