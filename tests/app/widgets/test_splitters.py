"""Splitters: parts have their shares, also after another share was dragged, and none can be made to vanish."""

from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.widgets.splitters import restore_sizes, save_sizes, share_out, split


def test_parts_have_their_shares_again(qtbot: QtBot) -> None:
    splitter = split(Qt.Orientation.Horizontal, (QWidget(), QWidget()), (30, 70))
    qtbot.addWidget(splitter)
    splitter.resize(1000, 100)
    splitter.show()
    assert not splitter.childrenCollapsible() and abs(splitter.sizes()[0] - 300) < 10
    splitter.setSizes([700, 300])
    share_out(splitter, (30, 70))
    assert abs(splitter.sizes()[0] - 300) < 10


def test_sizes_come_back_and_what_was_not_saved_stays(qtbot: QtBot, tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    first, second = (split(Qt.Orientation.Horizontal, (QWidget(), QWidget()), (1, 1)) for _ in range(2))
    for splitter in (first, second):
        qtbot.addWidget(splitter)
        splitter.resize(400, 100)
    first.setSizes([300, 100])
    save_sizes({"both": first}, settings, "tab")
    restore_sizes({"both": second, "new": first}, settings, "tab")
    assert second.sizes() == first.sizes() and first.sizes()[0] > first.sizes()[1]
