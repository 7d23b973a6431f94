"""The built-in prompts: held out from training, the same each time, each task with its own form."""

import re

import pytest

from engine.errors import InputError
from engine.experiments.builtin_prompts import BUILTIN_SETS, N_PROMPTS, built_in
from engine.world.open_names import _ENDS, _STARTS, split_of

_INVENTED = re.compile(
    rf"\b(?:{'|'.join(_STARTS)})[a-z]*(?:{'|'.join(end for ends in _ENDS.values() for end in ends)})\b"
)
_ASKING = {"questions": "## Answer:", "copying": "## Answer:", "rationales": "## Rationale:", "claims": "## Rationale:"}


def texts(task: str) -> list[str]:
    """The prompts of a task."""
    return [prompt.turns[0] for prompt in built_in(task)]


@pytest.mark.parametrize("task", BUILTIN_SETS)
def test_a_task_has_different_prompts_of_one_turn(task: str) -> None:
    assert len(set(texts(task))) == N_PROMPTS
    assert all(len(prompt.turns) == 1 and prompt.category == task for prompt in built_in(task))
    assert all(text == text.strip() and len(text) < 3000 for text in texts(task))


@pytest.mark.parametrize("task", BUILTIN_SETS)
def test_prompts_are_the_same_each_time(task: str) -> None:
    first = built_in(task)
    built_in.cache_clear()
    assert built_in(task) == first


@pytest.mark.parametrize("task", ["notes", "questions", "copying", "rationales", "claims", "steps"])
def test_no_name_was_trained_on(task: str) -> None:
    names = {name for text in texts(task) for name in _INVENTED.findall(text)}
    assert len(names) > N_PROMPTS
    assert {split_of(name) for name in names} == {"test"}


@pytest.mark.parametrize("task", _ASKING)
def test_a_question_stands_right_before_its_answer(task: str) -> None:
    assert all(text.endswith(_ASKING[task]) for text in texts(task))


def test_documents_hold_what_is_asked_about() -> None:
    for text in texts("copying"):
        document = text.split("\n")[2]
        answered = re.findall(r"## Answer: (.+)", text)
        assert all(answer in document for answer in answered)
        asked = re.findall(r"## Question: (.+)", text)
        assert len(set(asked)) == len(asked)


def test_every_set_says_what_it_is_for() -> None:
    assert all(sentence.endswith(".") and len(sentence) < 100 for sentence in BUILTIN_SETS.values())


def test_an_unknown_task_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="stories, scenes"):
        built_in("chess")
