"""How a prompt is asked: through the chat template or as it is, and what is refused."""

from pathlib import Path
from threading import Event as Flag

import pytest
import torch

from engine.commands import Load, Run
from engine.errors import InputError
from engine.events import Event, RunStarted, Setting, Warned
from engine.prompts import Message
from engine.rag.memo import Memo, model_key
from engine.runtime import DocumentResources, RunContext
from engine.session.session import Session
from engine.settings import ChatChoice, Request
from tests import fakes
from tests.engine.session.running import emitted, rounds

# A template without a place for a system prompt, for a model whose name says nothing.
MERGING = "{% for m in messages if m.role != 'system' %}" + fakes.CHAT_ML.partition("%}")[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instruct model, a model that may be asked as chat, and one without a template."""
    made: Path = tmp_path_factory.mktemp("chat")
    fakes.save(fakes.model(sharpness=3.0), made / "instruct", words=fakes.chat_tokenizer())
    fakes.save(fakes.model(), made / "merging", words=fakes.chat_tokenizer(MERGING))
    fakes.save(fakes.model(), made / "bare")
    return made


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


def asked(session: Session, spec: Path, request: Request | str, **settings: Setting) -> list[Event]:
    """The events of a run on a model, loaded where it is not."""
    if session.loaded is None or session.loaded.target != str(spec):
        list(session.do(Load(str(spec), "lookup")))
    chosen = {"baseline": False, "max_new_tokens": 12, "gamma": 3, **settings}
    request = Request(request) if isinstance(request, str) else request
    return list(session.do(Run("speculative", chosen, request), Flag()))


def started(events: list[Event]) -> RunStarted:
    return next(event for event in events if isinstance(event, RunStarted))


def test_greedy_text_as_chat_equals_generate_on_the_ids_of_the_template(folder: Path, session: Session) -> None:
    events = asked(session, folder / "instruct", "Who rings?", system="Be brief.")
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who rings?"}]
    assert session.target is not None
    tokenizer, model = session.target.tokenizer, session.target.model
    expected_ids = tokenizer.apply_chat_template(turns, add_generation_prompt=True)["input_ids"]
    assert list(started(events).prompt_ids) == expected_ids
    assert started(events).messages == (Message("system", "Be brief."), Message("user", "Who rings?"))
    ids = torch.tensor([expected_ids])
    (end,) = session.target.chat_template.end_ids if session.target.chat_template is not None else ()
    text = model.generate(ids, max_new_tokens=12, do_sample=False, eos_token_id=end, pad_token_id=0)[0, ids.shape[1] :]
    assert list(emitted(events)) == text.tolist()


def test_the_text_ends_with_the_turn_of_the_assistant(folder: Path, session: Session) -> None:
    free = emitted(asked(session, folder / "instruct", "Who?", stop_at_end=False))
    assert session.target is not None
    (end,) = session.target.tokenizer.convert_tokens_to_ids(["<|im_end|>"])
    assert session.target.stop_ids == {end}
    ending = fakes.model(sharpness=3.0)
    with torch.no_grad():  # what it says first ends its turn
        swapped = ending.get_output_embeddings().weight[[end, free[0]]].clone()
        ending.get_output_embeddings().weight[[free[0], end]] = swapped
    spec = Path(fakes.save(ending, folder / "ending-instruct", words=fakes.chat_tokenizer()))
    assert emitted(asked(session, spec, "Who?")) == (end,)


def test_what_is_asked_raw_is_continued_as_it_is(folder: Path, session: Session) -> None:
    events = asked(session, folder / "instruct", "Who rings?", chat="off")
    assert started(events).prompt == "Who rings?" and started(events).messages == ()


def test_a_model_of_unknown_kind_is_asked_as_chat_only_where_it_is_wanted(folder: Path, session: Session) -> None:
    assert started(asked(session, folder / "merging", "Who?")).messages == ()
    assert "<|im_start|>assistant" in started(asked(session, folder / "merging", "Who?", chat="on")).prompt


def test_a_conversation_is_continued_in_turns_and_a_merged_system_prompt_is_said(
    folder: Path, session: Session
) -> None:
    turns = (Message("user", "Who?"), Message("assistant", "Mara"), Message("user", "When?"))
    events = asked(session, folder / "merging", Request("When?", messages=turns), system="Be brief.")
    expected = "Be brief.\n\nWho?<|im_end|>\n<|im_start|>assistant\nMara<|im_end|>\n<|im_start|>user\nWhen?"
    assert expected in started(events).prompt
    warnings = [event.message for event in events if isinstance(event, Warned)]
    assert len(warnings) == 1 and "no place for a system prompt" in warnings[0]


@pytest.mark.parametrize(
    ("settings", "n_turns", "words"),
    [
        ({"chat": "on"}, 1, "has no chat template; have the text continued"),
        ({"system": "x"}, 1, "no chat template, which a system prompt needs"),
        ({}, 3, "no chat template, which a conversation of several turns needs"),
        ({"chat": "off", "system": "x"}, 1, "a system prompt is asked as chat, which is switched off"),
        ({"chat": "off"}, 3, "a conversation of several turns is asked as chat"),
    ],
)
def test_a_model_without_a_template_is_not_asked_as_chat(
    settings: dict[str, Setting], n_turns: int, words: str, folder: Path, session: Session
) -> None:
    turns = (Message("user", "Who?"), Message("assistant", "Mara"), Message("user", "When?"))[-n_turns:]
    with pytest.raises(InputError, match=words):
        asked(session, folder / "bare", Request("When?", messages=turns if n_turns > 1 else ()), **settings)


def test_reasoning_is_counted_apart(folder: Path, session: Session) -> None:
    words = fakes.chat_tokenizer(fakes.CHAT_ML + "<think>\n")
    spec = Path(fakes.save(fakes.model(), folder / "thinking-instruct", words=words))
    events = asked(session, spec, "Who?", stop_at_end=False)
    assert sum(event.n_reasoning for event in rounds(events)) == len(emitted(events)) == 12


def context(session: Session, folder: Path, drafter: str) -> RunContext:
    """A run over both models, as a method over documents gets it."""
    list(session.do(Load(str(folder / "instruct"), str(folder / drafter))))
    assert session.target is not None and session.models is not None
    resources = DocumentResources(session.models.drafter, lambda _: iter(()), Memo())  # type: ignore[arg-type, return-value]
    return RunContext(session.target, session.drafter, session.drafter_spec, cancelled=Flag(), documents=resources)


def templates(run: RunContext) -> tuple[bool, bool]:
    """Whether target and drafter are asked through their chat templates."""
    assert run.documents is not None and run.documents.drafter is not None
    return run.target.asked_template is not None, run.documents.drafter.asked_template is not None


def test_both_models_of_a_method_over_documents_follow_the_choice(folder: Path, session: Session) -> None:
    run = context(session, folder, "merging")
    choices: tuple[ChatChoice, ...] = ("auto", "on", "off")
    assert [templates(run.asking(choice)) for choice in choices] == [(True, False), (True, True), (False, False)]
    assert templates(run) == (True, False)  # the loaded pair stays as it is
    keys = {model_key(run.asking(choice).target) for choice in choices}
    assert len(keys) == 2  # what was answered as chat is no answer to the bare text


def test_chat_is_refused_where_the_model_that_drafts_has_no_template(folder: Path, session: Session) -> None:
    run = context(session, folder, "bare")
    with pytest.raises(InputError, match="bare has no chat template; have the text continued"):
        run.asking("on")
    assert templates(run.asking("auto")) == (True, False)
