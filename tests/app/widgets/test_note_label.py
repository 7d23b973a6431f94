import pytest
from pytestqt.qtbot import QtBot

from app.widgets.note_label import NoteLabel


@pytest.fixture
def note(qtbot: QtBot) -> NoteLabel:
    label = NoteLabel(2, None)  # type: ignore[arg-type]
    qtbot.addWidget(label)
    label.resize(120, label.sizeHint().height())
    return label


def test_its_height_is_that_of_its_lines_whatever_it_says(note: NoteLabel) -> None:
    height = note.sizeHint().height()
    for text in ("", "one", "many words " * 30):
        note.setText(text)
        assert note.sizeHint().height() == height == 2 * note.fontMetrics().lineSpacing()


def test_a_long_text_ends_in_an_ellipsis_on_its_last_line(note: NoteLabel) -> None:
    note.setText("some words that wrap over more than two lines, of which the rest is left out")
    lines = note.shown_lines()
    assert len(lines) == 2 and lines[1].endswith("…")
    assert all(note.fontMetrics().horizontalAdvance(line) <= 120 for line in lines)


def test_line_ends_are_kept_and_a_short_text_is_whole(note: NoteLabel) -> None:
    note.setText("a\nb")
    assert note.shown_lines() == ["a", "b"]
    note.setText("")
    assert note.shown_lines() == []
