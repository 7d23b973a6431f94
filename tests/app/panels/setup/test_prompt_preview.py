import pytest

from app.panels.setup.prompt_preview import PromptPreview
from engine.events import PromptPreviewed


@pytest.fixture
def preview(qtbot):
    made = PromptPreview(None)
    qtbot.addWidget(made)
    made.serials = []
    made.asked.connect(made.serials.append)
    return made


def test_opening_asks_and_the_answer_shows_text_and_tokens(preview):
    preview.click()
    assert preview.serials == [1] and preview.sheet.isVisible()
    preview.wait(behind_others=False)
    assert "being applied" in preview.state.text()
    preview.show_preview(PromptPreviewed(1, "<|im_start|>user\nHi", 5, chat=True))
    assert preview.state.text() == "5 tokens, through the chat template"
    assert preview.text_box.toPlainText() == "<|im_start|>user\nHi"


def test_an_answer_to_an_earlier_question_is_passed_over(preview):
    preview.open()
    preview.open()
    preview.show_preview(PromptPreviewed(1, "old", 1))
    assert preview.text_box.toPlainText() == ""
    preview.show_preview(PromptPreviewed(2, "new", 1))
    assert (preview.text_box.toPlainText(), preview.state.text()) == ("new", "1 token, the text as it is")


def test_a_failing_template_is_one_line_marked_with_a_cross(preview):
    preview.open()
    preview.show_preview(PromptPreviewed(1, why_not="the chat template of <b>m</b>\nfails: no words; ask without"))
    assert preview.state.text() == "✗ the chat template of <b>m</b>⏎fails: no words; ask without"
    assert preview.state.property("role") == "bad" and preview.text_box.toPlainText() == ""


def test_what_was_changed_is_said_below_the_tokens(preview):
    preview.open()
    preview.show_preview(PromptPreviewed(1, "x", 3, chat=True, note="no place for a system prompt"))
    assert preview.state.text().splitlines()[1] == "no place for a system prompt"


def test_behind_other_work_it_says_what_it_waits_for(preview):
    preview.open()
    preview.wait(behind_others=True)
    assert "at work" in preview.state.text()
