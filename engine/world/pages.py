"""Pages about a generated world: paragraphs on an entity and its neighbours, a story told between them; knows no
question.

A page states more than a note and is several times as long. Its story is about people of its own, whose names no world
has. Near-duplicates, references to others and dated reports are as among the notes."""

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
    """The form of a name. Raises InputError where there is none of it."""
    if name not in get_args(Form):
        raise InputError(f"form = {name}: is not known", f"use {', '.join(get_args(Form))}")
    form: Form = msgspec.convert(name, Form)
    return form


def history(rng: Random, world: World, form: Form) -> Archive:
    """Write every document of a world as notes, as pages, or as both."""
    written: list[WorldDocument] = []
    if form != "pages":
        written += notes(rng, world)
    if form != "notes":
        written += pages(rng, world)
    return collected(rng, world, written)


def pages(rng: Random, world: World) -> list[WorldDocument]:
    """Write the pages about a world, without ids."""
    by_subject = facts_by_subject(world)
    known = _Known({name: [f for f in facts if f.key not in world.revisions] for name, facts in by_subject.items()}, {})
    for facts in known.about.values():
        for fact in facts:
            if fact.other is not None:
                known.mentioning.setdefault(fact.other.name, []).append(fact)
    revised: dict[str, list[Revision]] = {}
    for revision in world.revisions.values():
        revised.setdefault(revision.fact.subject.name, []).append(revision)
    return [page for entity in world.entities for page in _about(rng, entity, known, revised.get(entity.name, []))]


class _Known(NamedTuple):
    """What no report disputes: facts by the name of their subject, and by the name of somebody else in them."""

    about: dict[str, list[Fact]]
    mentioning: dict[str, list[Fact]]


def _about(rng: Random, entity: Entity, known: _Known, revised: list[Revision]) -> Iterator[WorldDocument]:
    """The page of an entity, sometimes written twice, and the reports that differ about it."""
    own = rng.sample(known.about[entity.name], len(known.about[entity.name]))
    facts = _with_neighbours(rng, entity, own, known)
    yield _page(rng, entity, facts)
    if rng.random() < DUPLICATE_SHARE:
        yield _page(rng, entity, rng.sample(facts, len(facts)))
    for revision in revised:
        for fact, year, head in reports(revision):
            facts = _with_neighbours(rng, entity, [fact, *rng.sample(own, min(len(own), 2))], known)
            yield _page(rng, entity, facts, head=head, year=year)


def _with_neighbours(rng: Random, entity: Entity, facts: list[Fact], known: _Known) -> list[Fact]:
    """The facts and, as far as there are any, more about those they mention or that mention the entity."""
    mentioned = dict.fromkeys(fact.other.name for fact in facts if fact.other is not None)
    stated = chain(known.mentioning.get(entity.name, ()), *(known.about[name] for name in mentioned))
    more = dict.fromkeys(stated)
    others = [fact for fact in more if fact.subject is not entity]
    return [*facts, *rng.sample(others, max(0, min(rng.randint(*_N_FACTS) - len(facts), len(others))))]


def _page(rng: Random, entity: Entity, facts: list[Fact], *, head: str = "", year: int | None = None) -> WorldDocument:
    """Paragraphs of facts in their order, each but the last followed by a part of one story."""
    told = [_paragraph(rng, piece) for piece in shares(rng, facts)]
    if year is not None:
        told[0] = f"{head} {told[0]}"
        told[-1] += f" {LATER_HOLDS}" if rng.random() < RULE_SHARE else ""
    n_words = rng.randint(*_N_WORDS) - sum(len(paragraph.split()) for paragraph in told)
    between = _spread(_passage(rng, n_words), max(1, len(told) - 1))
    paragraphs = [part for pair in zip_longest(told, between, fillvalue="") for part in pair if part]
    return WorldDocument("", entity.label, "\n".join(paragraphs), tuple(facts), year)


def _paragraph(rng: Random, facts: list[Fact]) -> str:
    """Facts in sentences; a pronoun only stands where the sentence before is about the same."""
    subjects = [None, *(fact.subject for fact in facts)]
    return " ".join(
        sentence(rng, fact, first=fact.subject is not before) for fact, before in zip(facts, subjects, strict=False)
    )


def _passage(rng: Random, n_words: int) -> list[str]:
    """Sentences from somewhere in a story, in their order, of about so many words."""
    story = sentences(rng)
    start = rng.randrange(max(1, len(story) // 2))
    found: list[str] = []
    for told in story[start:]:
        if sum(len(one.split()) for one in found) + len(told.split()) / 2 >= n_words:
            break
        found.append(told)
    return found


def _spread(told: list[str], n: int) -> list[str]:
    """Sentences in their order as n paragraphs, as even as can be; some are empty where there are too few."""
    cuts = [i * len(told) // n for i in range(n + 1)]
    return [" ".join(told[start:end]) for start, end in pairwise(cuts)]
