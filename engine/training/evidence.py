"""Chooses the documents that a training text shows: those that answer it, those that retrieval would bring beside them,
or only documents that lack the answer."""

from collections.abc import Collection, Iterable
from random import Random
from typing import NamedTuple

from engine.world.census import Fact
from engine.world.documents import Archive, WorldDocument
from engine.world.questions import Question, without

_SAME_RELATION_SHARE, _LATER_SHARE = 0.7, 0.5


class Withheld(NamedTuple):
    """Documents that lack a fact, and the question as it is to be answered from them."""

    documents: tuple[str, ...]
    question: Question


class EvidencePicker:
    """Chooses documents of one archive for questions over it.

    Near neighbours are what a retriever finds beside the answer: the same relation about other subjects, and other
    relations of the same subject."""

    def __init__(self, archive: Archive, rng: Random) -> None:
        self._rng = rng
        self._documents = {document.id: document for document in archive.documents}
        self._by_key: dict[tuple[str, str], list[str]] = {}
        self._by_subject: dict[str, list[str]] = {}
        self._by_relation: dict[str, list[str]] = {}
        for document in archive.documents:
            for fact in document.states:
                self._by_key.setdefault(fact.key, []).append(document.id)
                self._by_subject.setdefault(fact.subject.name, []).append(document.id)
                self._by_relation.setdefault(fact.relation.name, []).append(document.id)

    def around(self, question: Question, n: int, near_share: float) -> list[WorldDocument]:
        """The gold documents of a question and others up to n in all, a share of the others near; shuffled."""
        keys = self._fill_up(
            dict.fromkeys(question.gold), {*question.gold, *question.supporting}, question, n, near_share
        )
        return [self._documents[key] for key in keys]

    def texts(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The texts of documents."""
        return tuple(self._documents[key].text for key in ids)

    def shown(self, question: Question, n: int, near_share: float) -> tuple[str, ...]:
        """Gold and contradicting documents, and others up to n in all, a share of the others near; shuffled."""
        needed = dict.fromkeys((*question.gold, *question.contradicting))
        return self.texts(self._fill_up(needed, {*needed, *question.supporting}, question, n, near_share))

    def withheld(self, question: Question, n: int, near_share: float) -> Withheld:
        """Documents none of which states one of the question's facts: n, or as many as the facts before it need."""
        facts, missing = question.facts, self._rng.randrange(len(question.facts))
        id_lists = [self._statements_without(fact, facts[missing]) for fact in facts[:missing]]
        if not all(id_lists):
            missing, id_lists = 0, []
        lacking = facts[missing]
        if self._rng.random() < _LATER_SHARE:
            id_lists += [self._statements_without(fact, lacking) for fact in facts[missing + 1 :]]
        needed = dict.fromkeys(key for ids in id_lists for key in ids)
        taken = {*needed, *self._by_key[lacking.key], *question.supporting, *question.contradicting}
        documents = self.texts(self._fill_up(needed, taken, question, n, near_share))
        return Withheld(documents, without(question, missing))

    def _statements_without(self, fact: Fact, lacking: Fact) -> list[str]:
        """The reports on a fact or, without any, one document that states it; none of them about the lacking fact."""
        lacks = [key for key in self._by_key[fact.key] if key not in self._by_key[lacking.key]]
        dated = [key for key in lacks if self._documents[key].year is not None]
        return dated or self._rng.sample(lacks, min(1, len(lacks)))

    def _fill_up(
        self, needed: Iterable[str], taken: Collection[str], question: Question, n: int, near_share: float
    ) -> list[str]:
        """The ids of the needed documents and of others not taken, up to n in all, a share of these near; shuffled."""
        keys = list(needed)
        keys += self._near(question, taken, round(near_share * max(0, n - len(keys)))) if near_share else []
        taken = {*taken, *keys}
        others = [key for key in self._documents if key not in taken]
        keys += self._rng.sample(others, max(0, min(n - len(keys), len(others))))
        self._rng.shuffle(keys)
        return keys

    def _near(self, question: Question, taken: Collection[str], n: int) -> list[str]:
        """Up to n near neighbours, most of them about the same relation if there are enough."""
        alike = self._shuffled_union(taken, (self._by_relation[fact.relation.name] for fact in question.facts))
        about = self._shuffled_union({*taken, *alike}, (self._by_subject[fact.subject.name] for fact in question.facts))
        first = alike[: max(round(_SAME_RELATION_SHARE * n), n - len(about))]
        return [*first, *about[: n - len(first)]]

    def _shuffled_union(self, taken: Collection[str], id_lists: Iterable[list[str]]) -> list[str]:
        """The documents of several lists that are not taken, once each, in random order."""
        keys = list(dict.fromkeys(key for ids in id_lists for key in ids if key not in taken))
        self._rng.shuffle(keys)
        return keys
