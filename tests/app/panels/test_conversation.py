import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QPlainTextEdit

from app.panels.conversation import ConversationStrip, with_answer
from app.panels.prompt import PromptPanel
from app.state.run_record import RunRecord
from app.state.store import RunStore
from engine.events import RunFinished
from engine.prompts import Message
from tests.app.factory import FakeHost, a_round, started

ASKED = (Message("system", "Be brief."), Message("user", "Who?"))
CHAT = replace(started(pieces=("<|im_start|>", "Who?", "<|im_end|>")), messages=ASKED)
ROUND = replace(a_round(0, [" Mara"], end="<|im_end|>"), text=" Mara<|im_end|>")


def record(*events) -> RunRecord:
    made = RunRecord(1)
    made.add_all(events)
    return made


def test_an_answer_joins_the_conversation_without_the_end_of_its_turn():
    assert with_answer(record(CHAT, ROUND, RunFinished("end_of_text", 2)))[-1] == Message("assistant", " Mara")
    assert with_answer(record(CHAT, ROUND, RunFinished("length", 2)))[-1].content == " Mara<|im_end|>"


def test_the_next_turn_is_offered_once_the_answer_is_whole(qtbot):
    strip = ConversationStrip(None)
    qtbot.addWidget(strip)
    assert strip.isHidden()
    strip.show_run(record(CHAT, ROUND))
    assert not strip.isHidden() and strip.next.isHidden()
    strip.show_run(record(CHAT, ROUND, RunFinished("end_of_text", 2)))
    assert not strip.next.isHidden()
    assert "3 tokens" in strip.rendered.text()
    assert strip.rendered.sheet.findChild(QPlainTextEdit).toPlainText() == "<|im_start|>Who?<|im_end|>"


def test_a_model_that_can_chat_has_the_line_before_its_first_run_and_of_one_height(qtbot):
    strip = ConversationStrip(None)
    qtbot.addWidget(strip)
    strip.expect_chat(True)
    height = strip.sizeHint().height()
    assert not strip.isHidden()
    strip.show_run(record(CHAT, ROUND, RunFinished("end_of_text", 2)))
    assert strip.sizeHint().height() == height
    strip.show_run(None)
    strip.expect_chat(False)
    assert strip.isHidden()


@pytest.mark.parametrize("event", [started(), replace(CHAT, forked_from="run0", forked_at=1)])
def test_a_raw_run_and_a_fork_have_no_next_turn(qtbot, event):
    strip = ConversationStrip(None)
    qtbot.addWidget(strip)
    strip.show_run(record(event, ROUND, RunFinished("end_of_text", 2)))
    assert strip.next.isHidden()


def test_a_next_turn_is_typed_after_the_answer_on_show(qtbot):
    store, host = RunStore(), FakeHost()
    store.attach(host)
    panel = PromptPanel(store)
    qtbot.addWidget(panel)
    host.say(CHAT, ROUND, RunFinished("end_of_text", 2))
    store.pump()
    panel.refresh()
    panel.conversation.next.click()
    assert panel.text() == ""
    assert panel.conversation.earlier == (Message("user", "Who?"), Message("assistant", " Mara"))
    assert panel.conversation.summary.text() == "Turn 2, after “Mara”"
    panel.conversation.new.click()
    assert panel.conversation.earlier == ()


def test_an_opened_run_shows_its_question_and_the_turns_before_it(qtbot):
    panel = PromptPanel(RunStore())
    qtbot.addWidget(panel)
    turns = (*ASKED, Message("assistant", "<b>Mara"), Message("user", "When?"))
    panel.show_asked(replace(CHAT, messages=turns))
    assert panel.text() == "When?"
    assert panel.conversation.turns.sheet.findChild(QPlainTextEdit).toPlainText() == "You: Who?\n\nModel: <b>Mara"
    panel.show_asked(started())
    assert panel.text() == "Once upon" and panel.conversation.earlier == ()
