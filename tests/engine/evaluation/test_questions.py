"""What counts as right, and what as evidence."""

import pytest

from engine.evaluation.questions import (
    TRUE_OR_FALSE,
    AnswerChoice,
    GoldQuestion,
    exact_match,
    f1,
    is_evidence,
    is_right,
)

OPEN = GoldQuestion("q", "", "When?", ("1535", "the year 1535"))
CLAIM = GoldQuestion("q", "claim", "True or false: it rains.", ("True",), TRUE_OR_FALSE)
LETTERS = GoldQuestion("q", "", "Which?", ("A",), (AnswerChoice("A", "salt"), AnswerChoice("B", "honey")))


@pytest.mark.parametrize(
    ("said", "right"),
    [("1535", True), ("It was in 1535.", True), ("THE  YEAR 1535", True), ("1536", False), ("", False)],
)
def test_open_answer_is_right_where_it_contains_a_gold_string(said: str, right: bool) -> None:
    assert is_right(said, OPEN) is right


@pytest.mark.parametrize(
    ("said", "right"), [("True", True), ("true.", True), ("True, it does", True), ("False", False), ("not True", False)]
)
def test_claim_needs_its_label_first(said: str, right: bool) -> None:
    assert is_right(said, CLAIM) is right


@pytest.mark.parametrize(
    ("said", "right"),
    [("A", True), ("(a)", True), ("A: salt", True), ("Salt.", True), ("a dog", False), ("B", False), ("honey", False)],
)
def test_letter_must_stand_alone(said: str, right: bool) -> None:
    assert is_right(said, LETTERS) is right


def test_evidence_needs_a_document_for_each_fact() -> None:
    asked = OPEN._replace(needs=(("a", "b"), ("c",)))
    assert is_evidence(["b", "c"], ["", ""], asked) is True
    assert is_evidence(["a", "b"], ["1535", ""], asked) is False


def test_evidence_is_an_answer_in_the_text_where_no_gold_is_known() -> None:
    assert is_evidence([""], ["It began in 1535."], OPEN) is True
    assert is_evidence([""], ["It began."], OPEN) is False
    assert is_evidence([""], ["True"], CLAIM) is None


@pytest.mark.parametrize(
    ("said", "exact", "share"),
    [("1535", True, 1.0), ("The 1535.", True, 1.0), ("in 1535", False, 2 / 3), ("", False, 0.0), (None, False, 0.0)],
)
def test_exact_match_and_f1_are_of_words_without_articles(said: str | None, exact: bool, share: float) -> None:
    gold = OPEN._replace(answers=("1535", "fifteen thirty-five"))
    assert exact_match(said, gold) is exact
    assert f1(said, gold) == pytest.approx(share)
