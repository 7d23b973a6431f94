from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.widgets.elided_label import ElidedLabel

VERSIONS = ("all of what there is to say about it", "what matters of it", "in short")


def test_the_longest_version_that_fits_is_drawn(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    label = ElidedLabel(parent)
    label.set_versions(*VERSIONS)
    for version in VERSIONS:
        label.resize(label.fontMetrics().horizontalAdvance(version), 20)
        assert label.drawn_text == version and label.text() == VERSIONS[0]
    label.resize(label.fontMetrics().horizontalAdvance("in sh"), 20)
    assert label.drawn_text.endswith("…") and label.drawn_text[:2] == "in"


def test_a_text_of_its_own_has_no_versions(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    label = ElidedLabel(parent)
    label.set_versions(*VERSIONS)
    label.setText("another text")
    label.resize(label.fontMetrics().horizontalAdvance("in short"), 20)
    assert label.drawn_text.startswith("anot")
