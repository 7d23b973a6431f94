"""Buttons that are disabled for a time: where their focus waits."""

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.permission import allow


def _window(qtbot: QtBot) -> tuple[QWidget, QWidget, QPushButton, QLineEdit]:
    """A window with a row that holds a button, and a field beside the row."""
    window = QWidget()
    qtbot.addWidget(window)
    bar = QWidget(window)
    button, field = QPushButton("Collect", bar), QLineEdit(window)
    QHBoxLayout(bar).addWidget(button)
    row = QHBoxLayout(window)
    row.addWidget(bar)
    row.addWidget(field)
    window.show()
    return window, bar, button, field


def test_the_focus_of_a_disabled_button_waits_in_its_row_and_comes_back(qtbot: QtBot) -> None:
    window, bar, button, _ = _window(qtbot)
    button.setFocus()
    allow(button, "a collection is under way", "Collect rows")
    assert not button.isEnabled() and window.focusWidget() is bar
    allow(button, "", "Collect rows")
    assert button.isEnabled() and window.focusWidget() is button


def test_a_focus_that_went_elsewhere_stays_there(qtbot: QtBot) -> None:
    window, _, button, field = _window(qtbot)
    button.setFocus()
    allow(button, "a collection is under way", "Collect rows")
    field.setFocus()
    allow(button, "", "Collect rows")
    assert window.focusWidget() is field
