"""Finding documents with the built-in embedder: the same for the same seed, on names of the test split."""

import pytest

from engine.bench import retrieval
from engine.bench.retrieval import Retrieval
from engine.world.corpus import QuestionRecord


@pytest.fixture(autouse=True)
def _small_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "_SHARE", 0.02)


def measured(seed: int) -> Retrieval:
    *_, last = retrieval.measure(seed=seed, n=8)
    assert isinstance(last, Retrieval)
    return last


def test_same_seed_finds_the_same_documents() -> None:
    first = measured(3)
    assert first == measured(3)
    assert len(first.marks) == 8 and first.n_documents > 40
    assert all(len(one.documents) == retrieval.NEAREST for one in first.asked)


def test_documents_found_for_a_question_hold_its_answer_where_it_counts_as_found() -> None:
    found = measured(5)
    for one, mark in zip(found.asked, found.marks, strict=True):
        assert not mark or any(one.question.answer in text for text in one.documents)


def test_gold_documents_are_found_far_more_often_than_by_chance() -> None:
    found = measured(4)
    assert sum(found.marks) / len(found.marks) > 2 * retrieval.NEAREST / found.n_documents


@pytest.mark.parametrize(("documents", "answered"), [({"b", "x"}, True), ({"a"}, True), ({"x", "c"}, False)])
def test_any_document_that_states_the_answer_is_a_hit(documents: set[str], answered: bool) -> None:
    question = QuestionRecord("Who?", "Mara", gold=("a",), supporting=("a", "b"), contradicting=("c",))
    assert retrieval.is_answered(question, documents) is answered
