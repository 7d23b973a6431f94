"""Prose documents about a generated world: which facts each states, and in which wording.

A document states several facts, a fact has several wordings; some documents refer to other entities, are nearly equal,
or are dated reports that differ. Where reports differ, the later one holds: half of them say so, and the later one
names the one it corrects."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from engine.world.census import Entity, Fact, Revision, World

LATER_HOLDS = "Where reports differ, the later one holds."
_MOST_FACTS = 4
DUPLICATE_SHARE, RULE_SHARE = 0.12, 0.5
_PRONOUN_SHARE, _CROSS_SHARE = 0.15, 0.3


class WorldDocument(NamedTuple):
    """A short text, the facts it states and, for a dated report, its year."""

    id: str
    title: str
    text: str
    states: tuple[Fact, ...]
    year: int | None = None


class Archive(NamedTuple):
    """A world and every document about it."""

    world: World
    documents: tuple[WorldDocument, ...]

    def stating(self) -> dict[tuple[tuple[str, str], str], list[WorldDocument]]:
        """The documents that state each (fact key, value)."""
        by_fact: dict[tuple[tuple[str, str], str], list[WorldDocument]] = {}
        for document in self.documents:
            for fact in document.states:
                by_fact.setdefault((fact.key, fact.value), []).append(document)
        return by_fact


def archive(rng: Random, world: World) -> Archive:
    """Write every document of a world as short notes, in random order."""
    return collected(rng, world, notes(rng, world))


def notes(rng: Random, world: World) -> list[WorldDocument]:
    """Write the notes about a world, without ids."""
    by_subject = facts_by_subject(world)
    return [document for entity in world.entities for document in _notes_about(rng, entity, by_subject, world)]


def collected(rng: Random, world: World, documents: list[WorldDocument]) -> Archive:
    """Make an archive of documents: shuffled, each with an id."""
    rng.shuffle(documents)
    return Archive(world, tuple(document._replace(id=f"d{i}") for i, document in enumerate(documents)))


def facts_by_subject(world: World) -> dict[str, list[Fact]]:
    """The facts of a world by the name of their subject."""
    by_subject: dict[str, list[Fact]] = {}
    for fact in world.facts:
        by_subject.setdefault(fact.subject.name, []).append(fact)
    return by_subject


def _notes_about(
    rng: Random, entity: Entity, by_subject: dict[str, list[Fact]], world: World
) -> Iterator[WorldDocument]:
    facts = by_subject[entity.name]
    settled = [fact for fact in facts if fact.key not in world.revisions]
    rng.shuffle(settled)
    for piece in shares(rng, settled):
        yield _note(rng, entity, _with_reference(rng, piece, by_subject, world))
        if rng.random() < DUPLICATE_SHARE:
            yield _note(rng, entity, rng.sample(piece, len(piece)))
    for fact in facts:
        if fact.key in world.revisions:
            yield from _reports(rng, world.revisions[fact.key], settled)


def shares(rng: Random, facts: list[Fact]) -> Iterator[list[Fact]]:
    """Cut facts into pieces of two to four; the last may hold only one."""
    start = 0
    while start < len(facts):
        n = rng.randint(2, _MOST_FACTS)
        yield facts[start : start + n]
        start += n


def _with_reference(rng: Random, facts: list[Fact], by_subject: dict[str, list[Fact]], world: World) -> list[Fact]:
    """The facts and, sometimes, one more about an entity they mention."""
    others = [fact.other for fact in facts if fact.other is not None]
    if not others or len(facts) == _MOST_FACTS or rng.random() > _CROSS_SHARE:
        return facts
    settled = [fact for fact in by_subject[rng.choice(others).name] if fact.key not in world.revisions]
    return [*facts, rng.choice(settled)] if settled else facts


def _note(rng: Random, entity: Entity, facts: list[Fact]) -> WorldDocument:
    sentences = [sentence(rng, fact, first=i == 0 or fact.subject is not entity) for i, fact in enumerate(facts)]
    return WorldDocument("", entity.label, " ".join(sentences), tuple(facts))


def _reports(rng: Random, revision: Revision, settled: list[Fact]) -> Iterator[WorldDocument]:
    """Yield the earlier and the later report, each sometimes with another fact and the rule that the later holds."""
    for fact, year, head in reports(revision):
        more = rng.sample(settled, min(len(settled), rng.randint(0, 1)))
        sentences = [sentence(rng, f, first=True) for f in (fact, *more)]
        rule = [LATER_HOLDS] if rng.random() < RULE_SHARE else []
        text = " ".join((head, *sentences, *rule))
        yield WorldDocument("", fact.subject.label, text, (fact, *more), year)


def reports(revision: Revision) -> tuple[tuple[Fact, int, str], ...]:
    """The earlier and the later report on a fact: for each the fact it states, its year and its opening words."""
    later = f"Report of {revision.year}, correcting that of {revision.former_year}."
    earlier = f"Report of {revision.former_year}."
    return (revision.former, revision.former_year, earlier), (revision.fact, revision.year, later)


def sentence(rng: Random, fact: Fact, *, first: bool) -> str:
    """Write the fact in one of its wordings; after the first sentence sometimes with a pronoun."""
    wording = rng.choice(fact.relation.statements)
    pronoun = not first and wording.startswith("{s}") and rng.random() < _PRONOUN_SHARE
    return said(wording, s=fact.subject.pronoun if pronoun else fact.subject.label, v=fact.value)


def said(wording: str, **slots: str) -> str:
    """Fill a wording's slots and capitalise its first letter."""
    text = wording.format_map(slots)
    return text[0].upper() + text[1:]


def plainly(fact: Fact) -> str:
    """The fact in the plain wording used in rationales and claims."""
    return said(fact.relation.statements[0], s=fact.subject.label, v=fact.value)
