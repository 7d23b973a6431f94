from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.widgets.focus import first_focusable, tab_through


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


def test_tab_goes_through_a_layout_as_it_is_seen_also_through_rows_inserted_later(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    column, form = QVBoxLayout(widget), QFormLayout()
    first, second, last = QLineEdit(), QLineEdit(), QLineEdit()
    form.addRow("b", second)
    form.insertRow(0, "a", first)
    column.addLayout(form)
    column.addWidget(last)
    QWidget.setTabOrder(last, second)
    tab_through(column)
    assert first.nextInFocusChain() is second and second.nextInFocusChain() is last
