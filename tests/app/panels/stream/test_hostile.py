"""Text that tries to act, to hide or to break the layout is shown as it is written."""

import msgspec
import pytest
from PySide6.QtGui import QGuiApplication

from app.panels.rounds import RoundsPanel
from app.state.selection import Selection
from tests.app.factory import a_round, started

HOSTILE = {
    "markup": "<b>bold</b><img src=x onerror=y>&lt;",
    "controls": "\x00\x07\x1b[31m\x7f\r",
    "right to left": "\u202egnp.exe\u2066\u200f",
    "a megabyte": "y" * 1_000_000,
    "a megabyte of lines": "\n" * 1_000_000,
    "family": "👩\u200d👩\u200d👧\u200d👦",
    "marks": "e" + "\u0301" * 5000,
    "lone mark": "\u0301",
    "half a character": "\ud83d",
    "part of a character": "⟨æ⟩",
    "nothing": "",
    "unseen": "\u3164\u200b\u00ad\ufeff",
    "hebrew": "שלום עולם",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_keeps_to_its_place(shown, text):
    store, panel, say = shown
    say(started(pieces=["a", text, "b"]), a_round(0, [text, " kept"], [text, text], end=text), a_round(1, [" after"]))
    view = panel.view
    width = view.viewport().width()
    n_lines = view.lines.n_lines
    assert n_lines < 60
    for line in range(n_lines):
        segments = view.lines.line(line)
        assert all(segment.x + segment.width <= width or len(segments) == 1 for segment in segments)
    assert not any(char in view.shown_text() for char in "\x00\x1b\u202e\u2066\u200f\ud83d\u3164\u200b\n\r")
    assert not panel.grab().isNull()
    for index in range(5):
        store.select(Selection(0, index))
        assert view.marks.current == 3 + index
        assert view.card.isVisible()
    assert not panel.grab().isNull()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_copied_as_it_is(shown, text):
    _, panel, say = shown
    say(started(pieces=["a"]), a_round(0, [text, " kept"], [text], end="."))
    real = "" if text == "⟨æ⟩" else text
    assert panel.view.text() in (f"a{text} kept.", f"a{real} kept.")
    panel.view.set_range(1, 1)
    assert panel.view.copied_text() in (text, real)
    panel.copy_text()
    assert QGuiApplication.clipboard().text() == panel.view.copied_text().replace("\ud83d", "?")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_harmless_in_the_rounds_table(qtbot, shown, text):
    store, _, say = shown
    rounds = RoundsPanel(store)
    qtbot.addWidget(rounds)
    rounds.show()
    say(started(), a_round(0, [text], [text], end="."))
    cell = rounds.model.index(0, 7).data()
    assert not any(char in cell for char in "\x00\x1b\u202e\u2066\u200f\ud83d\u3164\u200b\n\r")
    assert len(cell) < 3000
    rounds.close()


def test_a_character_split_over_tokens_is_copied_whole(shown):
    _, panel, say = shown
    event = msgspec.structs.replace(a_round(0, ["⟨æ⟩", "⟨¼⟩", "⟨¢⟩"], end=" end"), text="漢 end")
    say(started(pieces=("a ",)), event)
    assert panel.view.text() == "a 漢 end"
    assert "⟨æ⟩⟨¼⟩⟨¢⟩" in panel.view.shown_text()
    panel.open_search("漢")
    assert panel.search.count.text() == "1 of 1"
