"""Makes the built-in sets of prompts: tasks of the generated world on which lanes behave differently.

* imports neither Qt nor torch. No built-in model was trained on these texts: stories have seeds of their own, and every
name of the other tasks belongs to the test split."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import cycle, islice
from random import Random
from typing import NamedTuple

from engine import prompts
from engine.errors import InputError
from engine.events.comparison import ComparedPrompt
from engine.world.census import world
from engine.world.documents import Archive, archive
from engine.world.questions import Asker, Question, QuestionKind
from engine.world.story import stories

BUILTIN_SETS: Mapping[str, str] = {
    "stories": "Continue the first words of a story, in words that drafters know well.",
    "scenes": "Continue a story from its middle, true to what it has told so far.",
    "notes": "Continue notes on people and places whose names no model was trained on.",
    "questions": "Answer questions from four documents in a few words.",
    "copying": "Answer questions from one document in its own words, which prompt lookup finds there.",
    "rationales": "Answer a question from four documents, with the reason first.",
    "claims": "Judge a claim from four documents, with the reason first.",
    "steps": "Answer a question from four documents by asking others first.",
}
N_PROMPTS = 24
_STORY_SEED = 456_789_123
_N_DOCUMENTS = 4


@lru_cache(maxsize=len(BUILTIN_SETS))
def built_in(name: str) -> tuple[ComparedPrompt, ...]:
    """The prompts of a task, the same each time. Raises InputError where there is no such task."""
    refuse_unknown(name)
    texts = islice(_WRITERS[name](Random(f"compared prompts/{name}")), N_PROMPTS)
    return tuple(ComparedPrompt(f"{name} {i}", (text,), name) for i, text in enumerate(texts, 1))


def further(name: str, n: int) -> tuple[ComparedPrompt, ...]:
    """n prompts of a task that are in no built-in set, to train on what the sets then measure."""
    refuse_unknown(name)
    texts = islice(_WRITERS[name](Random(f"compared prompts/{name}")), N_PROMPTS, N_PROMPTS + n)
    return tuple(ComparedPrompt(f"{name} {i}", (text,), name) for i, text in enumerate(texts, N_PROMPTS + 1))


def answered(n: int) -> tuple[tuple[str, str], ...]:
    """n prompts with a question about four documents, each with its answer; they are in no set."""
    rng = Random("answered questions")
    asked = islice(_asked(rng, "single", "dated", "comparison"), n)
    return tuple(
        (prompts.standard_rag(each.documents, each.question.text).given, each.question.answer) for each in asked
    )


def refuse_unknown(name: str) -> None:
    """Raises InputError where there is no task of that name."""
    if name not in BUILTIN_SETS:
        raise InputError(f"there is no built-in prompt set {name[:40]!r}", f"use {', '.join(BUILTIN_SETS)}")


class _Asked(NamedTuple):
    """A question and the texts of documents, among them those that answer it."""

    documents: tuple[str, ...]
    question: Question


def _stories(rng: Random) -> Iterator[str]:
    for text in stories(_STORY_SEED):
        yield _first_words(text, rng.randint(8, 24))


def _scenes(rng: Random) -> Iterator[str]:
    for text in stories(_STORY_SEED + 1):
        yield _first_words(text, rng.randint(50, 90))


def _notes(rng: Random) -> Iterator[str]:
    while True:
        shown = " ".join(document.text for document in _archive(rng).documents[:_N_DOCUMENTS])
        yield _first_words(shown, len(shown.split()) - rng.randint(1, 4))


def _copying(rng: Random) -> Iterator[str]:
    """A document with one question answered and another to answer."""
    while True:
        source = _archive(rng)
        asker = Asker(source, rng)
        document = max(rng.sample(asker.answerable(), 8), key=lambda document: len(document.states))
        facts = [fact for fact in document.states if fact.key not in source.world.revisions]
        *earlier, question = (asker.ask_of(fact) for fact in rng.sample(facts, min(2, len(facts))))
        more = [(answered.text, answered.answer) for answered in earlier]
        yield prompts.standard_rag([document.text], question.text, more=more).given


def _questions(rng: Random) -> Iterator[str]:
    for documents, question in _asked(rng, "single", "dated", "comparison"):
        yield prompts.standard_rag(documents, question.text).given


def _rationales(rng: Random) -> Iterator[str]:
    for documents, question in _asked(rng, "single", "dated", "bridge", "comparison"):
        yield prompts.rag_draft(documents, question.text).given


def _claims(rng: Random) -> Iterator[str]:
    for documents, question in _asked(rng, "claim"):
        yield prompts.rag_draft(documents, question.text).given


def _steps(rng: Random) -> Iterator[str]:
    for documents, question in _asked(rng, "bridge"):
        yield prompts.iterdrag(documents, question.text).given


def _asked(rng: Random, *kinds: QuestionKind) -> Iterator[_Asked]:
    """Endless questions, the kinds in turn, each about a world of its own."""
    for kind in cycle(kinds):
        source = _archive(rng)
        question = Asker(source, rng).ask(kind)
        yield _Asked(_shown(source, question, rng), question)


def _shown(source: Archive, question: Question, rng: Random) -> tuple[str, ...]:
    """The texts that answer the question or contradict it, and others up to the number of documents; shuffled."""
    needed = {*question.gold, *question.contradicting}
    others = [document.text for document in source.documents if document.id not in {*needed, *question.supporting}]
    texts = [document.text for document in source.documents if document.id in needed]
    texts += rng.sample(others, max(0, _N_DOCUMENTS - len(texts)))
    rng.shuffle(texts)
    return tuple(texts)


def _archive(rng: Random) -> Archive:
    return archive(rng, world(rng, "test"))


def _first_words(text: str, n: int) -> str:
    """The first words of a text, with the spaces and line breaks between them."""
    return "".join(islice(re.findall(r"\S+\s*", text), n)).rstrip()


_WRITERS: Mapping[str, Callable[[Random], Iterator[str]]] = {
    "stories": _stories, "scenes": _scenes, "notes": _notes, "questions": _questions, "copying": _copying,
    "rationales": _rationales, "claims": _claims, "steps": _steps,
}  # fmt: skip
