"""Dossiers: notes and reports in the layout of standard RAG, then questions that they answer."""

from random import Random

from engine import prompts
from engine.world.census import world
from engine.world.documents import notes
from engine.world.dossier import dossier


def test_answers_are_what_the_notes_of_the_dossier_hold_to_be_true() -> None:
    drawn = world(Random(3), "train")
    taken = notes(Random(4), drawn)[:25]
    text = dossier(Random(5), drawn, taken, 4000)
    documents, *asked = text.text.split("\n## Question:")
    assert documents.startswith(prompts.STANDARD_TASK)
    assert all(note.text in documents for note in taken)
    assert len(asked) > 3
    truths = {fact.value for fact in drawn.facts}
    answers = {part.split("\n## Answer: ")[1] for part in asked}
    assert answers - {"True", "False"} and answers - {"True", "False"} <= truths


def test_a_few_notes_have_at_least_one_question() -> None:
    drawn = world(Random(3), "train")
    text = dossier(Random(5), drawn, notes(Random(4), drawn)[:6], 10)
    assert text.text.count("\n## Question:") == 1
