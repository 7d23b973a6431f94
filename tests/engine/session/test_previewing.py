"""A prompt before its first run: as the target would read it, counted, or why it cannot be asked so."""

import pytest

from engine.commands import Load, PreviewPrompt
from engine.events import PromptPreviewed, Setting
from engine.prompts import Message
from engine.session import previewing
from engine.session.session import Session
from engine.settings import Request
from tests import fakes


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    made = Session()
    target = tmp_path_factory.mktemp("models") / "m-instruct"
    fakes.save(fakes.model(sharpness=3.0), target, words=fakes.chat_tokenizer())
    list(made.do(Load(str(target), "none")))
    return made


def preview(session: Session, request: Request, **settings: Setting) -> PromptPreviewed:
    (answer,) = session.do(PreviewPrompt(request, settings, serial=7))
    assert isinstance(answer, PromptPreviewed) and answer.serial == 7
    return answer


def test_text_and_tokens_are_those_of_the_template(session: Session) -> None:
    shown = preview(session, Request("Who rings?"), system="Be brief.")
    assert session.target is not None
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who rings?"}]
    ids = session.target.tokenizer.apply_chat_template(turns, add_generation_prompt=True)["input_ids"]
    assert (shown.n_tokens, shown.text, shown.chat) == (len(ids), session.target.texts.text(ids), True)


def test_a_conversation_is_shown_with_all_its_turns_and_raw_text_as_it_is(session: Session) -> None:
    turns = (Message("user", "Who?"), Message("assistant", "Mara"), Message("user", "When?"))
    assert preview(session, Request("When?", messages=turns)).text.count("<|im_start|>") == 4
    raw = preview(session, Request("Who rings?"), chat="off")
    assert (raw.text, raw.chat, raw.why_not) == ("Who rings?", False, "")


def test_what_cannot_be_asked_is_one_line(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "has 500 tokens" in preview(session, Request("a" * 500), chat="off").why_not
    assert "the prompt is empty" in preview(session, Request(""), chat="off").why_not
    assert session.target is not None
    failing = "{% if messages[0].content == 'Who rings?' %}{{ raise_exception('no\nwords') }}{% endif %}"
    monkeypatch.setattr(session.target.tokenizer, "chat_template", failing)
    why = preview(session, Request("Who rings?")).why_not
    assert "fails: no words" in why and "\n" not in why


def test_without_a_model_it_says_so() -> None:
    assert preview(Session(), Request("Who?")).why_not.startswith("no model is loaded")


def test_only_the_beginning_of_a_very_long_text_is_handed_on(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previewing, "LONGEST", 9)
    shown = preview(session, Request("Who rings?"))
    assert len(shown.text) == 9 and shown.n_tokens > 9
