"""Entries of a prompt file: the layouts of others, and what makes an entry unusable."""

import pytest

from engine.events.comparison import ComparedPrompt
from engine.experiments.prompt_entries import LONGEST_PROMPT, Entry, Fields, Unusable, prompt_of


@pytest.mark.parametrize(
    ("fields", "right"),
    [
        ({"prompt": "The harbour"}, ComparedPrompt("line 3", ("The harbour",))),
        ({"prompt": " a ", "id": "x", "category": "sea"}, ComparedPrompt("x", (" a ",), "sea")),
        ({"prompt": "a", "id": None, "category": None}, ComparedPrompt("line 3", ("a",))),
        ({"prompt": None, "turns": "a"}, ComparedPrompt("line 3", ("a",))),
        ({"question_id": 81, "category": "writing", "turns": ["a", "b"]}, ComparedPrompt("81", ("a", "b"), "writing")),
        (
            {"question_id": "8f", "category": "rag", "sub_category": "s", "turns": ["a"], "source": "x", "src_id": "1",
             "difficulty": "easy", "multiturn": False}, ComparedPrompt("8f", ("a",), "rag"),
        ),
        ({"id": 3.0, "messages": [{"role": "user", "content": "a"}]}, ComparedPrompt("3", ("a",))),
        ({"prompt": "a", "id": "two\nlines\tof it"}, ComparedPrompt("two lines of it", ("a",))),
        ({"prompt": "a", "id": True, "category": ["x"]}, ComparedPrompt("line 3", ("a",))),
        ({"prompt": "a", "id": "\ud800", "question_id": 4}, ComparedPrompt("4", ("a",))),
        ({"prompt": "a", "id": 10**5000}, ComparedPrompt("line 3", ("a",))),
    ],
)  # fmt: skip
def test_an_entry_becomes_a_prompt(fields: Fields, right: ComparedPrompt) -> None:
    assert prompt_of(Entry("line 3", fields)) == right


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "no field prompt"),
        ({"text": "a"}, "no field prompt"),
        ({"prompt": 3}, "not text"),
        ({"prompt": "  \n"}, "empty"),
        ({"turns": []}, "empty"),
        ({"turns": ["a", " "]}, "one of its turns is empty"),
        ({"turns": ["a", 3]}, "not text"),
        ({"turns": {"a": 1}}, "not a list"),
        ({"messages": ["a"]}, "not an object"),
        ({"messages": [{"role": "assistant", "content": "a"}]}, "not the user's"),
        ({"messages": [{"role": "user"}]}, "not text"),
        ({"prompt": "a\0b"}, "NUL"),
        ({"prompt": "a\ud800b"}, "surrogate"),
        ({"prompt": "a" * (LONGEST_PROMPT + 1)}, "longer than"),
        ({"turns": ["FULL BENCHMARK DATA SHOULD BE FETCHED FROM THE SOURCE USING X"]}, "placeholder"),
    ],
)
def test_what_cannot_be_used_says_why(fields: Fields, words: str) -> None:
    with pytest.raises(Unusable, match=words):
        prompt_of(Entry("line 3", fields))


def test_a_problem_found_before_is_passed_on() -> None:
    with pytest.raises(Unusable, match="is not JSON"):
        prompt_of(Entry("line 3", problem="is not JSON"))


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert prompt_of(Entry("line 3", {"prompt": "\U0001f30a"})).turns == ("\U0001f30a",)
