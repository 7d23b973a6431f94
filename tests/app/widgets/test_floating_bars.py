"""Bars over the content of a widget: nothing moves when they appear."""

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.floating_bars import float_over


def test_bars_stack_at_the_bottom_and_move_nothing(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    content = QLabel("content", window)
    QVBoxLayout(window).addWidget(content)
    first, second = QLabel("first", window), QLabel("second", window)
    for bar in (first, second):
        float_over(bar, window)
    window.resize(300, 200)
    window.show()
    place = content.geometry()
    assert first.isHidden() and second.isHidden()
    second.show()
    assert second.geometry().bottom() == window.rect().bottom() and second.width() == window.width()
    first.show()
    assert (
        first.geometry().bottom() == window.rect().bottom() and second.geometry().bottom() < first.geometry().top() + 1
    )
    window.resize(400, 300)
    assert (first.width(), first.geometry().bottom()) == (400, 299)
    first.hide()
    assert second.geometry().bottom() == 299
    assert content.geometry().topLeft() == place.topLeft()
