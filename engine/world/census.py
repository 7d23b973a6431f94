"""Draws a world: its entities and the facts about them; `documents` puts these into words.

A world is small by default: training draws thousands of them, each with its own names."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

from engine.world import relations
from engine.world.open_names import KINDS, Kind, Split, draw
from engine.world.relations import Relation

FIRST_YEAR, LAST_YEAR = 1200, 1599
_CHANGED_SHARE, _DISPUTED_SHARE = 0.5, 0.05
_LABELS: dict[Kind, str] = {
    "person": "{n}", "place": "{n}", "guild": "the guild of {n}", "ship": "the ship {n}", "river": "the river {n}",
    "invention": "the {n} engine", "event": "the feast of {n}",
}  # fmt: skip
SMALL: Mapping[Kind, int] = {
    "person": 10, "place": 5, "guild": 3, "ship": 3, "river": 3, "invention": 3, "event": 3,
}  # fmt: skip
# Enough of every kind that ten documents can state one relation about ten subjects.
CROWDED: Mapping[Kind, int] = {
    "person": 14, "place": 10, "guild": 10, "ship": 10, "river": 10, "invention": 10, "event": 10,
}  # fmt: skip


class Entity(NamedTuple):
    """A person or thing: its open-class name, its label in a sentence, and its pronoun."""

    kind: Kind
    name: str
    label: str
    pronoun: str


class Fact(NamedTuple):
    """A statement about an entity: true, or once believed."""

    subject: Entity
    relation: Relation
    value: str
    other: Entity | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What it is about: the names of its subject and relation."""
        return self.subject.name, self.relation.name


class Revision(NamedTuple):
    """A fact on which reports differ: the later report, which holds, and the earlier one."""

    fact: Fact
    year: int
    former: Fact
    former_year: int


class World(NamedTuple):
    """Entities, the facts true of them, and by fact key the revisions where an older report says otherwise."""

    entities: tuple[Entity, ...]
    facts: tuple[Fact, ...]
    revisions: dict[tuple[str, str], Revision]


def world(rng: Random, split: Split, sizes: Mapping[Kind, int] = SMALL) -> World:
    """Draw a world all of whose names belong to the split."""
    entities = {kind: _entities(rng, kind, split, sizes[kind]) for kind in KINDS}
    facts = tuple(
        _fact(rng, entity, relation, entities)
        for kind in KINDS
        for entity in entities[kind]
        for relation in relations.relations_of(kind)
    )
    revisions = (_revision(rng, fact, entities) for fact in facts if _is_revised(rng, fact.relation))
    all_entities = tuple(entity for kind in KINDS for entity in entities[kind])
    return World(all_entities, facts, {revision.fact.key: revision for revision in revisions if revision is not None})


def _entities(rng: Random, kind: Kind, split: Split, n: int) -> list[Entity]:
    names: dict[str, None] = {}
    while len(names) < n:
        names[draw(rng, kind, split)] = None
    return [Entity(kind, name, _LABELS[kind].format(n=name), _pronoun(rng, kind)) for name in names]


def _pronoun(rng: Random, kind: Kind) -> str:
    return rng.choice(("she", "he")) if kind == "person" else "it"


def _fact(rng: Random, subject: Entity, relation: Relation, entities: Mapping[Kind, list[Entity]]) -> Fact:
    match relation.value:
        case "year":
            return Fact(subject, relation, str(rng.randint(FIRST_YEAR, LAST_YEAR)))
        case "miles":
            return Fact(subject, relation, str(rng.randint(20, 399)))
        case "trade":
            return Fact(subject, relation, rng.choice(relations.TRADES))
        case "goods":
            return Fact(subject, relation, rng.choice(relations.WARES))
        case kind:
            other = rng.choice([entity for entity in entities[kind] if entity is not subject])
            return Fact(subject, relation, other.label, other)


def _is_revised(rng: Random, relation: Relation) -> bool:
    """Draw whether reports differ on a fact; never on numbers, since a report must not predate the year it states."""
    share = _CHANGED_SHARE if relation.changes else _DISPUTED_SHARE
    return rng.random() < share and relation.value not in ("year", "miles")


def _revision(rng: Random, fact: Fact, entities: Mapping[Kind, list[Entity]]) -> Revision | None:
    """Draw an older report with another value; None where the draw happens to give the same value."""
    former = _fact(rng, fact.subject, fact.relation, entities)
    year = rng.randint(FIRST_YEAR + 50, LAST_YEAR)
    if former.value == fact.value:
        return None
    return Revision(fact, year, former, year - rng.randint(5, 45))


def worlds(seed: int, split: Split, sizes: Mapping[Kind, int] = SMALL) -> Iterator[World]:
    """Yield endless worlds, the same ones for the same seed."""
    rng = Random(f"world/{seed}/{split}")
    while True:
        yield world(rng, split, sizes)
