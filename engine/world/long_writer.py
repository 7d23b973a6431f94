"""Appends sentences to a long text and keeps track of where each fact stands, so that what is repeated can be told from
what is new.

* imports neither Qt nor torch."""

from random import Random
from typing import NamedTuple

from engine.world.census import Fact
from engine.world.documents import plainly, sentence


class Statement(NamedTuple):
    """A place where a text states a fact: the characters [start, end) of its value, and how many characters before them
    the value was last stated; None where the fact is new."""

    start: int
    end: int
    distance: int | None
    fact: Fact


class LongText(NamedTuple):
    """A long text and every place where it states a fact."""

    title: str
    text: str
    statements: tuple[Statement, ...]

    @property
    def states(self) -> tuple[Fact, ...]:
        """The facts it states."""
        return tuple(dict.fromkeys(statement.fact for statement in self.statements))


class LongWriter:
    """Builds a long text. length: its characters so far."""

    def __init__(self) -> None:
        self.length = 0
        self._pieces: list[str] = []
        self._stated_at: dict[Fact, int] = {}
        self._statements: list[Statement] = []

    def plain(self, text: str) -> None:
        """Append text that states no fact."""
        self._pieces.append(text)
        self.length += len(text)

    def state(self, rng: Random, fact: Fact) -> None:
        """Append a sentence that states a fact, in one of its wordings."""
        self._append_fact(sentence(rng, fact, first=True), fact)

    def repeat(self, fact: Fact) -> None:
        """Append a sentence that states a fact in its plain wording."""
        self._append_fact(plainly(fact), fact)

    def mark(self, fact: Fact, start: int) -> None:
        """Record that the value of a fact stands at a character."""
        before = self._stated_at.get(fact)
        distance = None if before is None else start - before
        self._statements.append(Statement(start, start + len(fact.value), distance, fact))
        self._stated_at[fact] = start

    def finished(self, title: str) -> LongText:
        """The text as it stands."""
        return LongText(title, "".join(self._pieces), tuple(self._statements))

    def _append_fact(self, text: str, fact: Fact) -> None:
        self.mark(fact, self.length + text.rindex(fact.value))
        self.plain(text)
