"""Conversations: the file that holds one, and its system prompt."""

import json

import pytest

from engine.errors import InputError
from engine.models.conversation import read_conversation, with_system
from engine.prompts import Message

TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}, {"role": "user", "content": "Hm?"}]


@pytest.mark.parametrize("value", [TURNS, {"messages": TURNS, "id": 3}])
def test_a_conversation_is_read_in_both_forms(value: object) -> None:
    expected = (Message("user", "Hi"), Message("assistant", "Ho"), Message("user", "Hm?"))
    assert read_conversation(json.dumps(value)) == expected
    assert read_conversation("\ufeff\n" + json.dumps(value)) == expected


@pytest.mark.parametrize(
    "text", ["The harbour", "[1] a footnote", "[1, 2]", "{}", '{"messages": 3}', "[[" * 100_000, '["role"]']
)
def test_anything_else_is_text_to_continue(text: str) -> None:
    assert read_conversation(text) == ()


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        ([{"role": "tool", "content": "x"}], "message 1 .* has the role 'tool'"),
        ([{"role": ["user"], "content": "x"}], "has the role"),
        ([{"role": "user", "content": [{"text": "x"}]}], "message 1 .* no text"),
        ([*TURNS, "x"], "message 4 .* has the role None"),
        (TURNS[:2], "ends with the assistant's turn"),
        ([TURNS[0], TURNS[0]], "message 2 .* of the user"),
    ],
)
def test_a_conversation_that_cannot_be_asked_is_refused_by_its_message(turns: list[object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_conversation(json.dumps(turns))


def test_a_system_prompt_comes_first_and_only_once() -> None:
    asked = with_system((Message("user", "Hi"),), "Be brief.")
    assert asked == (Message("system", "Be brief."), Message("user", "Hi"))
    assert with_system(asked, " ") == asked
    with pytest.raises(InputError, match="has a system prompt already"):
        with_system(asked, "Be long.")
