"""Exact match and shared words, as for open questions."""

import pytest

from engine.allocation.answer_scores import exact_match, shared_words


@pytest.mark.parametrize(
    ("answer", "exact", "f1"),
    [
        ("The Harbour-Master.", True, 1.0),
        ("harbour master of Nyby", False, 2 / 3),
        ("a mill", False, 0.0),
        ("", False, 0.0),
        (None, False, 0.0),
        ("ｈarbour master", True, 1.0),
    ],
)
def test_case_marks_and_articles_do_not_count(answer: str | None, exact: bool, f1: float) -> None:
    known = ("harbour master", "somebody else entirely")
    assert exact_match(answer, known) is exact
    assert shared_words(answer, known) == pytest.approx(f1)


def test_without_known_answers_nothing_is_right() -> None:
    assert not exact_match("x", ()) and shared_words("x", ()) == 0
