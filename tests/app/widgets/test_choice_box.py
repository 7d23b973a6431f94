from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.widgets.choice_box import ChoiceBox


def test_it_shows_names_and_gives_values(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    box = ChoiceBox("sampling", ("one_per_cluster", "random"), parent)
    assert (box.currentText(), box.value()) == ("one per cluster", "one_per_cluster")
    box.choose("random")
    assert (box.currentText(), box.value()) == ("at random", "random")
    box.choose("nothing offered")
    assert box.value() == "random"
