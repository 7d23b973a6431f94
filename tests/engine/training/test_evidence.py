"""Evidence: near neighbours are near, what is withheld stands nowhere, and judgements to refuse are worth refusing."""

from random import Random

import pytest

from engine.training.evidence import EvidencePicker
from engine.training.samples import Sampler
from engine.world.census import CROWDED, world
from engine.world.documents import Archive, WorldDocument, plainly
from engine.world.pages import Form, history
from engine.world.questions import FALSE, NOT_SAID, QUESTION_KINDS, TRUE, UNKNOWN, Asker, Question, QuestionKind

FORMS: tuple[Form, ...] = ("notes", "pages", "both")


def a_shelf(seed: int, form: Form) -> Archive:
    rng = Random(seed)
    return history(rng, world(rng, "train", CROWDED), form)


def documents_of(made: Archive, texts: tuple[str, ...]) -> list[WorldDocument]:
    by_text = {document.text: document for document in made.documents}
    return [by_text[text] for text in texts]


def near(document: WorldDocument, question: Question) -> bool:
    relations = {fact.relation for fact in question.facts}
    subjects = {fact.subject for fact in question.facts}
    return any(fact.relation in relations or fact.subject in subjects for fact in document.states)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", QUESTION_KINDS)
def test_near_neighbours_share_the_relation_or_the_subject_and_do_not_answer(form: Form, kind: QuestionKind) -> None:
    made = a_shelf(1, form)
    question = Asker(made, Random(2)).ask(kind)
    shown = documents_of(made, EvidencePicker(made, Random(3)).shown(question, 10, 1.0))
    gold = {*question.gold, *question.contradicting}
    others = [document for document in shown if document.id not in gold]
    assert gold <= {document.id for document in shown} and len(shown) == 10
    assert not {document.id for document in others} & set(question.supporting)
    assert all(near(document, question) for document in others)


def test_share_of_near_neighbours_is_the_one_asked_for_and_most_are_of_the_same_relation() -> None:
    made = a_shelf(4, "notes")
    asker, evidence = Asker(made, Random(5)), EvidencePicker(made, Random(6))
    shares: dict[float, list[bool]] = {0.0: [], 0.6: []}
    alike = []
    for _ in range(150):
        question = asker.ask("single")
        for share, found in shares.items():
            shown = documents_of(made, evidence.shown(question, 10, share))
            others = [document for document in shown if document.id not in question.gold]
            found += [near(document, question) for document in others]
            relation = question.facts[0].relation
            alike += [any(f.relation is relation for f in d.states) for d in others] if share else []
    random, asked = (sum(found) / len(found) for found in shares.values())
    assert random < 0.2 and 0.55 < asked < 0.75
    assert sum(alike) / len(alike) > 0.4


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", QUESTION_KINDS)
def test_withheld_evidence_states_all_that_the_rationale_says_and_not_what_it_lacks(
    form: Form, kind: QuestionKind
) -> None:
    for seed in range(12):
        made = a_shelf(seed, form)
        question = Asker(made, Random(seed)).ask(kind)
        withheld = EvidencePicker(made, Random(seed)).withheld(question, 6, 0.6)
        shown = documents_of(made, withheld.documents)
        stated = {fact.key for document in shown for fact in document.states}
        told = {plainly(fact._replace(value=NOT_SAID)): fact for fact in question.facts}
        lacking = next(told[words] for words in told if withheld.question.rationale.endswith(words))
        known = [fact for fact in question.facts if plainly(fact) in withheld.question.rationale]
        assert withheld.question.answer == UNKNOWN and withheld.question.text == question.text
        assert lacking.key not in stated and all(fact.key in stated for fact in known)
        assert len(shown) >= 6


@pytest.mark.parametrize("kind", QUESTION_KINDS)
def test_what_a_drafter_could_invent_is_never_the_right_rationale(kind: QuestionKind) -> None:
    unknown = 0
    for seed in range(60):
        made = a_shelf(seed, "notes")
        drawn = Sampler(made, Random(seed), hard_share=1.0)
        question = drawn.ask(kind)
        answer, rationale = drawn.invented(question)
        assert rationale != question.rationale
        assert drawn.reflect(question, supported=False).part("verdict") == " No"
        if answer == UNKNOWN:
            unknown += 1
        elif kind in ("single", "dated"):
            fact = next(f for f in made.world.facts if plainly(f) == rationale)
            assert fact.relation is question.facts[0].relation and fact.subject is not question.facts[0].subject
            assert answer == fact.value
        elif kind == "claim":
            assert answer in (TRUE, FALSE)
    assert 10 < unknown < 40


def test_share_of_texts_whose_evidence_lacks_the_answer_is_the_one_asked_for() -> None:
    drawn = Sampler(a_shelf(1, "notes"), Random(2), missing={"draft": 0.25})
    texts = [drawn.write("draft", drawn.ask("single"), 4) for _ in range(400)]
    assert 70 < sum(text.part("answer") == f" {UNKNOWN}" for text in texts) < 130
    iterated = [drawn.write("iterdrag", drawn.ask("bridge"), 4) for _ in range(100)]
    assert not any(text.part("answer") == f" {UNKNOWN}" for text in iterated)
