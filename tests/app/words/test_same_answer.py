"""Answers are compared by letters and digits: case and punctuation do not matter, words do."""

import pytest

from app.words.same_answer import agrees, same


@pytest.mark.parametrize(
    ("answer", "known", "right"),
    [
        ("in 1310.", "1310", True), ("13105", "1310", False), (None, "1310", False), ("1310", "", False),
        ("THE guild of Laggard!", "guild of laggard", True), ("true, since", "True", True), ("not true", "true", False),
    ],
)  # fmt: skip
def test_an_answer_is_right_that_has_the_known_words_in_it(answer: str | None, known: str, right: bool) -> None:
    assert agrees(answer, known) is right


def test_the_same_words_are_the_same_answer_and_nothing_is_like_nothing() -> None:
    assert same("The Guild-of Laggard", "the guild of laggard.") and not same("", "") and not same(None, None)
