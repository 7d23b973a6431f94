"""The text of a prompt: as it was read, safe to show, with its parts tinted and counted."""

from pytestqt.qtbot import QtBot

from app.panels.prompt_text import PromptText, readable
from engine.events import PromptRead
from engine.events.answers import PromptPart

PROMPT = PromptRead(
    "target", "step", None, "Task:\n<b>x</b>\x1b[0m?", (PromptPart("documents", 6, 14, 5), PromptPart("", 0, 5, 2)), 9,
    note="one document cut",
)  # fmt: skip


def test_it_shows_the_text_with_its_parts_counted(qtbot: QtBot) -> None:
    shown = PromptText()
    qtbot.addWidget(shown)
    shown.show_prompt(PROMPT)
    assert "<b>x</b>" in shown.text.toPlainText() and "\x1b" not in shown.text.toPlainText()
    assert shown.parts.text() == "9 tokens: documents 5 · layout 2 · one document cut"
    assert [each.cursor.selectedText() for each in shown.text.extraSelections()] == ["<b>x</b>"]
    shown.show_prompt(None)
    assert not shown.text.toPlainText() and not shown.parts.text()


def test_parts_lie_where_they_are_in_the_shown_text() -> None:
    text, parts = readable(PROMPT)
    assert text[parts[1].start : parts[1].end] == "<b>x</b>"
