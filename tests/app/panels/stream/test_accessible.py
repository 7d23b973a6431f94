import pytest
from PySide6.QtGui import QAccessible

from app.panels.stream import accessible
from app.state.selection import Selection
from tests.app.factory import a_round, started, whole_run


def _interface(panel):
    return QAccessible.queryAccessibleInterface(panel.view)


def test_the_stream_tells_its_name_and_how_long_it_is(shown):
    _, panel, say = shown
    say(*whole_run())
    found = _interface(panel)
    assert found.text(QAccessible.Text.Name) == "Token stream"
    assert found.text(QAccessible.Text.Description).startswith("9 tokens")
    assert found.role() == QAccessible.Role.Document
    assert found.text(QAccessible.Text.Value) == ""


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Selection(0, 0), "accepted token ' a', p 0.60, q 0.80, round 1"),
        (Selection(0, 2), "rejected token ' lived', p 0.60, q 0.80, round 1"),
        (Selection(1, 1), "bonus token '⏎', p 0.50, round 2"),
    ],
)
def test_the_value_is_the_current_token_in_words(shown, place, words):
    store, panel, say = shown
    say(*whole_run())
    store.select(place)
    assert _interface(panel).text(QAccessible.Text.Value) == words


def test_hostile_text_is_spoken_as_harmless_as_it_is_shown(shown):
    store, panel, say = shown
    say(started(), a_round(0, ["\u202e" + "y" * 1_000_000]))
    store.select(Selection(0, 0))
    words = _interface(panel).text(QAccessible.Text.Value)
    assert "\u202e" not in words and "⟨U+202E⟩" in words
    assert len(words) < 200


def test_moving_is_told_to_a_screen_reader_that_listens(shown, monkeypatch):
    store, _, say = shown
    say(*whole_run())
    told = []
    monkeypatch.setattr(accessible.QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(accessible.QAccessible, "updateAccessibility", lambda event: told.append(event.value()))
    store.select(Selection(1, 0))
    assert told == ["accepted token ' was', p 0.60, q 0.80, round 2"]
