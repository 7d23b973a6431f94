"""Pages about a generated world: paragraphs on an entity and its neighbours, with parts of a story between them.

A page states more than a note and is several times as long. Its story is about other people, whose names occur in no
world. Near-duplicates, cross-references and dated reports occur as they do among the notes."""

from collections.abc import Iterator
from itertools import chain, pairwise, zip_longest
from random import Random
from typing import Literal, NamedTuple, TypeAlias, get_args

import msgspec

from engine.errors import InputError
from engine.world.census import Entity, Fact, Revision, World
from engine.world.documents import (
    DUPLICATE_SHARE,
    LATER_HOLDS,
    RULE_SHARE,
    Archive,
    WorldDocument,
    collected,
    facts_by_subject,
    notes,
    reports,
    sentence,
    shares,
)
from engine.world.story import sentences

Form: TypeAlias = Literal["notes", "pages", "both"]
_N_FACTS, _N_WORDS = (5, 7), (85, 112)


def form_of(name: str) -> Form:
    """The form with this name. Raises InputError if there is none."""
    if name not in get_args(Form):
        raise InputError(f"form = {name}: is not known", f"use {', '.join(get_args(Form))}")
    form: Form = msgspec.convert(name, Form)
    return form


def history(rng: Random, world: World, form: Form) -> Archive:
    """Write every document of a world as notes, as pages, or as both."""
    documents: list[WorldDocument] = []
    if form != "pages":
        documents += notes(rng, world)
    if form != "notes":
        documents += pages(rng, world)
    return collected(rng, world, documents)


def pages(rng: Random, world: World) -> list[WorldDocument]:
    """Write the pages about a world, without ids."""
    by_subject = facts_by_subject(world)
    settled = _SettledFacts(
        {name: [f for f in facts if f.key not in world.revisions] for name, facts in by_subject.items()}, {}
    )
    for facts in settled.about.values():
        for fact in facts:
            if fact.other is not None:
                settled.mentioning.setdefault(fact.other.name, []).append(fact)
    revised: dict[str, list[Revision]] = {}
    for revision in world.revisions.values():
        revised.setdefault(revision.fact.subject.name, []).append(revision)
    return [
        page for entity in world.entities for page in _pages_about(rng, entity, settled, revised.get(entity.name, []))
    ]


class _SettledFacts(NamedTuple):
    """Facts that no report disputes: by the name of their subject, and by the name of another entity they mention."""

    about: dict[str, list[Fact]]
    mentioning: dict[str, list[Fact]]


def _pages_about(
    rng: Random, entity: Entity, settled: _SettledFacts, revised: list[Revision]
) -> Iterator[WorldDocument]:
    """Yield the page of an entity, sometimes in two versions, and a page for each report that differs about it."""
    own_facts = rng.sample(settled.about[entity.name], len(settled.about[entity.name]))
    facts = _with_neighbours(rng, entity, own_facts, settled)
    yield _page(rng, entity, facts)
    if rng.random() < DUPLICATE_SHARE:
        yield _page(rng, entity, rng.sample(facts, len(facts)))
    for revision in revised:
        for fact, year, head in reports(revision):
            facts = _with_neighbours(rng, entity, [fact, *rng.sample(own_facts, min(len(own_facts), 2))], settled)
            yield _page(rng, entity, facts, head=head, year=year)


def _with_neighbours(rng: Random, entity: Entity, facts: list[Fact], settled: _SettledFacts) -> list[Fact]:
    """The facts and, where the world has any, facts about entities they mention or that mention this entity."""
    mentioned = dict.fromkeys(fact.other.name for fact in facts if fact.other is not None)
    related_facts = chain(settled.mentioning.get(entity.name, ()), *(settled.about[name] for name in mentioned))
    related = dict.fromkeys(related_facts)
    others = [fact for fact in related if fact.subject is not entity]
    return [*facts, *rng.sample(others, max(0, min(rng.randint(*_N_FACTS) - len(facts), len(others))))]


def _page(rng: Random, entity: Entity, facts: list[Fact], *, head: str = "", year: int | None = None) -> WorldDocument:
    """Write paragraphs of facts in their order, with parts of one story between them, or after a single paragraph."""
    fact_paragraphs = [_paragraph(rng, piece) for piece in shares(rng, facts)]
    if year is not None:
        fact_paragraphs[0] = f"{head} {fact_paragraphs[0]}"
        fact_paragraphs[-1] += f" {LATER_HOLDS}" if rng.random() < RULE_SHARE else ""
    n_words = rng.randint(*_N_WORDS) - sum(len(paragraph.split()) for paragraph in fact_paragraphs)
    story_parts = _spread(_passage(rng, n_words), max(1, len(fact_paragraphs) - 1))
    paragraphs = [part for pair in zip_longest(fact_paragraphs, story_parts, fillvalue="") for part in pair if part]
    return WorldDocument("", entity.label, "\n".join(paragraphs), tuple(facts), year)


def _paragraph(rng: Random, facts: list[Fact]) -> str:
    """Write facts as sentences, with a pronoun only where the sentence before has the same subject."""
    subjects = [None, *(fact.subject for fact in facts)]
    return " ".join(
        sentence(rng, fact, first=fact.subject is not before) for fact, before in zip(facts, subjects, strict=False)
    )


def _passage(rng: Random, n_words: int) -> list[str]:
    """Consecutive sentences from somewhere in a story, about n_words words in all."""
    story = sentences(rng)
    start = rng.randrange(max(1, len(story) // 2))
    passage: list[str] = []
    for text in story[start:]:
        if sum(len(part.split()) for part in passage) + len(text.split()) / 2 >= n_words:
            break
        passage.append(text)
    return passage


def _spread(texts: list[str], n: int) -> list[str]:
    """Join sentences, in order, into n paragraphs of nearly equal length; some are empty where sentences are few."""
    cuts = [i * len(texts) // n for i in range(n + 1)]
    return [" ".join(texts[start:end]) for start, end in pairwise(cuts)]
