"""Choosing demonstrations: nearest last, never the question itself, and fewer in words."""

from engine.rag.demonstration_pool import DemonstrationPool, PooledDemonstration, choose
from tests.library import FakeLibrary

MEMBERS = tuple(
    PooledDemonstration(f"q{i}", "single", question, "yes", (f"document {i}",), (("who?", "she"),))
    for i, question in enumerate(("When was the feast?", "Who leads the guild?", "zzzz", "Where is the ship?"))
)
POOL = DemonstrationPool("file", MEMBERS, 7, 4, 2.0)


def embed(texts: list[str]) -> object:
    return FakeLibrary().embed(texts, "query")


def chosen(m: int, question: str = "Who leads the guild of Ked?", **how: object) -> tuple[list[str], object]:
    found = choose(POOL, question, m, **{"most_documents": 5, "pick": "similar", "seed": 0, "embed": embed, **how})  # type: ignore[arg-type]
    return [member.id for member in found.shown], found.event


def test_the_most_similar_one_stands_last() -> None:
    ids, event = chosen(3)
    assert ids[-1] == "q1" and len(ids) == 3
    similarities = [one.similarity for one in event.shown]
    assert similarities == sorted(similarities) and similarities[-1] > 0.9
    assert (event.n_pool, event.n_tried, event.n_reused, event.note) == (4, 7, 4, "")
    assert (event.shown[0].n_documents, event.shown[0].n_steps) == (1, 1)


def test_a_question_is_never_shown_its_own_answer_and_too_few_are_said() -> None:
    ids, event = chosen(9, question=" When was the feast? ")
    assert sorted(ids) == ["q1", "q2", "q3"]
    assert event.note == "m = 9, but the pool has only 3 demonstrations"
    assert choose(POOL._replace(members=()), "x", 2, most_documents=5, pick="similar", seed=0, embed=embed).shown == ()  # type: ignore[arg-type]


def test_fixed_ones_are_the_same_for_all_questions_and_random_ones_are_not() -> None:
    questions = [f"question {i}" for i in range(8)]
    fixed = {tuple(chosen(2, question, pick="fixed")[0]) for question in questions}
    drawn = {tuple(chosen(2, question, pick="random")[0]) for question in questions}
    assert len(fixed) == 1 and len(drawn) > 1
    assert chosen(2, "a", pick="random", seed=5)[0] == chosen(2, "a", pick="random", seed=5)[0]
    assert all(one.similarity is None for one in chosen(2, pick="fixed")[1].shown)


def test_a_demonstration_is_shown_with_its_steps() -> None:
    assert MEMBERS[0].shown(0).documents == ()
    shown = MEMBERS[0].shown(3)
    assert shown.documents == ("document 0",) and shown.steps[0].question == "who?"
