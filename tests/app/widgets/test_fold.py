from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.fold import FoldedRest


def test_a_fold_hides_its_contents_until_it_is_opened_and_says_so(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    content = QLabel("rare")
    fold = FoldedRest("More", "what is rare", (content,), parent)
    told: list[bool] = []
    fold.toggled.connect(told.append)
    parent.show()
    assert not content.isVisible() and not fold.is_open
    fold.button.click()
    assert content.isVisible() and fold.is_open
    fold.open(False)
    assert not content.isVisible() and told == [True, False]


def test_a_fold_names_how_many_of_its_settings_were_changed(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    fold = FoldedRest("More", "what is rare", (), parent)
    fold.show_changes(2)
    assert fold.button.text() == "More (2 changed)" and fold.button.accessibleName() == "More"
    fold.show_changes(0)
    assert fold.button.text() == "More"
