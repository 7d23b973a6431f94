from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from app.widgets.focus import first_focusable


def test_the_first_field_that_takes_keys_and_is_there(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    column = QVBoxLayout(widget)
    label, hidden, grey, field, later = QLabel("a"), QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
    for child in (label, hidden, grey, field, later):
        column.addWidget(child)
    hidden.hide()
    grey.setEnabled(False)
    widget.show()
    assert first_focusable(widget) is field
    widget.close()


def test_nothing_where_nothing_takes_keys(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    QLabel("a", widget)
    widget.show()
    assert first_focusable(widget) is None
    widget.close()
