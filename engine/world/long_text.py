"""Long texts about a generated world, of any length, in which what follows depends on what stood far above.

Chronicles are prose, dossiers are notes with questions about them. The same seed gives the same text, and a text of the
test split names no one whom training texts name.

* imports neither Qt nor torch."""

from collections.abc import Iterator, Mapping
from itertools import chain
from random import Random
from typing import Literal, TypeAlias, get_args

from engine.world.census import SMALL, Entity, Fact, World, world
from engine.world.chronicle import chronicle
from engine.world.documents import Archive, WorldDocument, facts_by_subject, notes
from engine.world.dossier import NOTES_SHARE, dossier
from engine.world.long_writer import LongText
from engine.world.open_names import Kind, Split

LongForm: TypeAlias = Literal["chronicles", "dossiers"]
LONG_FORMS: tuple[LongForm, ...] = get_args(LongForm)
# About as many as the built-in target's context of 8,192 tokens holds.
CONTEXT_CHARACTERS = 22_000
# A chronicle takes this many characters for each of its subjects, a dossier more: a world must not run out of them.
_CHARACTERS_PER_SUBJECT = 250


def long_text(seed: int, n_characters: int, form: LongForm, *, split: Split = "test") -> LongText:
    """Write one long text of about so many characters."""
    rng = Random(f"{form}/{seed}/{split}")
    times = max(1.0, n_characters / _CHARACTERS_PER_SUBJECT / sum(SMALL.values()))
    sizes: Mapping[Kind, int] = {kind: round(times * n) for kind, n in SMALL.items()}
    return next(_long_texts(rng, world(rng, split, sizes), form, n_characters))


def long_history(rng: Random, of: World, form: LongForm) -> Archive:
    """Write all of a world as long texts that fill the built-in target's context, in random order."""
    texts = list(_long_texts(rng, of, form, CONTEXT_CHARACTERS))
    stated = {(fact.key, fact.value) for text in texts for fact in text.states}
    facts = tuple(fact for fact in of.facts if (fact.key, fact.value) in stated)
    revisions = {
        fact.key: of.revisions[fact.key]
        for fact in facts
        if fact.key in of.revisions and (fact.key, of.revisions[fact.key].former.value) in stated
    }
    rng.shuffle(texts)
    documents = tuple(WorldDocument(f"d{i}", text.title, text.text, text.states) for i, text in enumerate(texts))
    return Archive(World(of.entities, facts, revisions), documents)


def _long_texts(rng: Random, of: World, form: LongForm, n_characters: int) -> Iterator[LongText]:
    """Yield texts until each has told of all subjects of the world, those of every kind mixed."""
    subjects = rng.sample(of.entities, len(of.entities))
    return (
        _chronicles(rng, of, subjects, n_characters)
        if form == "chronicles"
        else _dossiers(rng, of, subjects, n_characters)
    )


def _chronicles(rng: Random, of: World, subjects: list[Entity], n_characters: int) -> Iterator[LongText]:
    settled: dict[str, list[Fact]] = {
        name: [fact for fact in facts if fact.key not in of.revisions] for name, facts in facts_by_subject(of).items()
    }
    remaining = iter([subject for subject in subjects if settled.get(subject.name)])
    while (first := next(remaining, None)) is not None:
        yield chronicle(rng, chain([first], remaining), settled, n_characters)


def _dossiers(rng: Random, of: World, subjects: list[Entity], n_characters: int) -> Iterator[LongText]:
    pile, length = list[WorldDocument](), 0
    for note in notes(rng, of._replace(entities=tuple(subjects))):
        pile.append(note)
        length += len(note.text)
        if length >= NOTES_SHARE * n_characters:
            yield dossier(rng, of, pile, n_characters)
            pile, length = [], 0
    if any(fact.key not in of.revisions for note in pile for fact in note.states):
        yield dossier(rng, of, pile, n_characters)
