"""Splitters: parts have their shares, also after another share was dragged, and none can be made to vanish."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.widgets.splitters import share_out, split


def test_parts_have_their_shares_again(qtbot: QtBot) -> None:
    splitter = split(Qt.Orientation.Horizontal, (QWidget(), QWidget()), (30, 70))
    qtbot.addWidget(splitter)
    splitter.resize(1000, 100)
    splitter.show()
    assert not splitter.childrenCollapsible() and abs(splitter.sizes()[0] - 300) < 10
    splitter.setSizes([700, 300])
    share_out(splitter, (30, 70))
    assert abs(splitter.sizes()[0] - 300) < 10
