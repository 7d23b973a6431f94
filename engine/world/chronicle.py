"""Writes chronicles: years in order, each with what was first heard of someone, what became of others, and accounts.

Those introduced early are taken up again much later, payments are summed up long after they were made, and a report at
the end repeats what stands all over the text: to continue it one has to look far back.

* imports neither Qt nor torch."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from engine.world.census import LAST_YEAR, Entity, Fact
from engine.world.documents import said
from engine.world.long_writer import LongText, LongWriter
from engine.world.story import sentences

# After every year that a fact names.
_FIRST_YEARS, _MOST_YEARS_BETWEEN = (LAST_YEAR + 1, LAST_YEAR + 50), 3
_BODY_SHARE = 0.85
_RETURN_SHARE, _PAYMENT_SHARE, _STORY_SHARE = 0.75, 0.6, 0.5
_OPEN_PAYMENTS, _LARGEST_PAYMENT = 12, 90
_FACTS_AT_FIRST, _FACTS_AGAIN = (2, 3), (1, 2)


def chronicle(
    rng: Random, subjects: Iterator[Entity], facts: Mapping[str, Sequence[Fact]], n_characters: int
) -> LongText:
    """Write a chronicle of about so many characters, on as many of the subjects as it takes.

    facts: undisputed, by the name of their subject."""
    return _Chronicler(rng, facts).write(subjects, n_characters)


class _Chronicler:
    """Writes one chronicle."""

    def __init__(self, rng: Random, facts: Mapping[str, Sequence[Fact]]) -> None:
        self._rng, self._facts = rng, facts
        self._writer = LongWriter()
        self._year = rng.randint(*_FIRST_YEARS)
        self._introduced: list[Entity] = []
        self._stated: dict[str, list[Fact]] = {}
        self._payments: dict[str, list[int]] = {}

    def write(self, subjects: Iterator[Entity], n_characters: int) -> LongText:
        """Write entries until the body has its share of the length, then the report on all of it."""
        self._writer.plain(f"A chronicle, begun in {self._year}.")
        while self._writer.length < _BODY_SHARE * n_characters and (subject := next(subjects, None)) is not None:
            self._arrive(subject)
            if self._rng.random() < _RETURN_SHARE:
                self._return()
            if self._rng.random() < _PAYMENT_SHARE:
                self._pay()
            if sum(map(len, self._payments.values())) >= _OPEN_PAYMENTS:
                self._sum_up()
        self._report(n_characters)
        first = self._introduced[0].label if self._introduced else "no one"
        return self._writer.finished(f"A chronicle that begins with {first}")

    def _arrive(self, subject: Entity) -> None:
        """Introduce a subject, some of whose facts are kept for later."""
        self._year += self._rng.randint(0, _MOST_YEARS_BETWEEN)
        self._writer.plain(f"\nReport of {self._year}.")
        told = self._shuffled(self._facts.get(subject.name, ()))[: self._rng.randint(*_FACTS_AT_FIRST)]
        for fact in told:
            self._writer.plain(" ")
            self._writer.state(self._rng, fact)
        self._introduced.append(subject)
        self._stated[subject.name] = told
        if self._rng.random() < _STORY_SHARE:
            self._tell()

    def _return(self) -> None:
        """Take up one of the subjects, the earlier the likelier, with what is known of it and perhaps something new."""
        subject = self._introduced[int(len(self._introduced) * self._rng.random() ** 2)]
        stated = self._stated[subject.name]
        self._writer.plain(f"\n{said('{s} was heard of again.', s=subject.label)}")
        for fact in self._shuffled(stated)[: self._rng.randint(*_FACTS_AGAIN)]:
            self._writer.plain(" ")
            self._writer.repeat(fact)
        unstated = [fact for fact in self._facts.get(subject.name, ()) if fact not in stated]
        if unstated:
            self._writer.plain(" ")
            self._writer.state(self._rng, unstated[0])
            stated.append(unstated[0])

    def _pay(self) -> None:
        """Note a payment to one of the subjects."""
        who, amount = self._rng.choice(self._introduced).label, self._rng.randint(2, _LARGEST_PAYMENT)
        self._payments.setdefault(who, []).append(amount)
        self._writer.plain(f"\nPaid to {who}: {amount} silver.")

    def _sum_up(self) -> None:
        """Add up the payments since the last time, payee by payee."""
        self._writer.plain(f"\nAccounts of {self._year}.")
        for who, amounts in self._payments.items():
            several = f"{' and '.join(map(str, amounts))}, in all " if len(amounts) > 1 else ""
            self._writer.plain(f" To {who}: {several}{sum(amounts)} silver.")
        total = sum(map(sum, self._payments.values()))
        self._writer.plain(f" Carried over: {total} silver.")
        self._payments = {}

    def _tell(self) -> None:
        """Append a few consecutive sentences of a story about others."""
        story = sentences(self._rng)
        first = self._rng.randrange(len(story))
        self._writer.plain("\n" + " ".join(story[first : first + self._rng.randint(1, 3)]))

    def _report(self, n_characters: int) -> None:
        """Close with a report that repeats facts, those stated first among them, until the length is reached."""
        self._writer.plain(f"\nReport of {self._year + 1} on all that was written down.")
        facts = [fact for subject in self._introduced for fact in self._stated[subject.name]]
        for fact in self._shuffled(facts):
            if self._writer.length >= n_characters:
                break
            self._writer.plain(" ")
            self._writer.repeat(fact)

    def _shuffled(self, facts: Sequence[Fact]) -> list[Fact]:
        return self._rng.sample(list(facts), len(facts))
