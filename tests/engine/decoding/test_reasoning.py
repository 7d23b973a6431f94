"""Reasoning parts are counted from mark to mark, however their pieces fall."""

import pytest

from engine.decoding.reasoning import ReasoningCounter


@pytest.mark.parametrize(
    ("pieces", "counted"),
    [
        (["a", "<think>", "b", "c", "</think>", "d"], [0, 1, 1, 1, 1, 0]),
        (["<", "think", ">", "b", "</", "think", ">", "d"], [0, 0, 1, 1, 1, 1, 1, 0]),
        (["x<think>y", "</think>z", "<think>", "w"], [1, 1, 1, 1]),
        (["</think>", "a", "<thinking>", "b"], [0, 0, 0, 0]),
    ],
)
def test_tokens_between_the_marks_are_reasoning(pieces: list[str], counted: list[int]) -> None:
    counter = ReasoningCounter()
    assert [counter.counts(piece) for piece in pieces] == list(map(bool, counted))


def test_a_prompt_that_ends_within_reasoning_begins_there() -> None:
    assert ReasoningCounter(["assistant", "\n", "<think>", "\n"]).counts("Hm")
    assert not ReasoningCounter(["<think>", "\n\n", "</think>", "\n\n"]).counts("Hm")
