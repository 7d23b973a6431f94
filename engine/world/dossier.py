"""Writes dossiers: a numbered file of notes and dated reports, then many questions, answered from notes far above.

The layout is that of standard RAG, which the built-in target reads best.

* imports neither Qt nor torch."""

from collections.abc import Sequence
from random import Random

from engine import prompts
from engine.prompts import Prompt
from engine.world.census import World
from engine.world.documents import Archive, WorldDocument
from engine.world.long_writer import LongText, LongWriter
from engine.world.questions import Asker, Question

NOTES_SHARE = 0.8
_CLAIM_SHARE = 0.15


def dossier(rng: Random, world: World, notes: Sequence[WorldDocument], n_characters: int) -> LongText:
    """Write a dossier of some of a world's notes and of as many questions as fill so many characters.

    notes: at least one of them states an undisputed fact."""
    contents = [note._replace(id=str(i)) for i, note in enumerate(rng.sample(list(notes), len(notes)))]
    n_before = len(prompts.standard_rag([note.text for note in contents], "").text)
    questions = _asked(rng, Archive(_told(world, contents), tuple(contents)), n_characters - n_before)
    *more, last = [(question.text, question.answer) for question in questions]
    prompt = prompts.standard_rag([note.text for note in contents], *last, more=more)
    return _marked(f"A dossier that begins with {contents[0].title}", prompt, contents, questions)


def _told(world: World, notes: Sequence[WorldDocument]) -> World:
    """The part of a world that the notes tell of; reports differ where both are among them."""
    stated = {(fact.key, fact.value) for note in notes for fact in note.states}
    facts = tuple(fact for fact in world.facts if (fact.key, fact.value) in stated)
    revisions = {
        fact.key: revision
        for fact in facts
        if (revision := world.revisions.get(fact.key)) is not None and (fact.key, revision.former.value) in stated
    }
    return world._replace(facts=facts, revisions=revisions)


def _asked(rng: Random, archive: Archive, n_characters: int) -> list[Question]:
    """Questions on facts anywhere in the notes that fill so many characters; at least one."""
    asker, questions, length = Asker(archive, rng), list[Question](), 0
    while not questions or length < n_characters:
        fact = rng.choice(archive.world.facts)
        question = (asker.claim_of if rng.random() < _CLAIM_SHARE else asker.ask_of)(fact)
        questions.append(question)
        length += len(f"\n## Question: {question.text}\n## Answer: {question.answer}")
    return questions


def _marked(title: str, prompt: Prompt, notes: Sequence[WorldDocument], questions: Sequence[Question]) -> LongText:
    """The text of a prompt, with where it states each fact and where a note or an answer repeats one."""
    writer, place = LongWriter(), 0
    for note in notes:
        place = prompt.text.index(note.text, place)
        for fact in note.states:
            writer.mark(fact, prompt.text.index(fact.value, place))
        place += len(note.text)
    answers = [segment for segment in prompt.segments if segment.name == "answer"]
    for question, answer in zip(questions, answers, strict=True):
        if question.kind != "claim":
            writer.mark(question.facts[0], answer.start + 1)
    writer.plain(prompt.text)
    return writer.finished(title)
