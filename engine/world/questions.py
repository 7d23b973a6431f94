"""Questions over an archive, with gold answers, gold documents and the steps to the answer."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Literal, NamedTuple, TypeAlias, get_args

from engine.world import relations
from engine.world.census import Fact
from engine.world.documents import Archive, WorldDocument, plainly, said

QuestionKind: TypeAlias = Literal["single", "dated", "bridge", "comparison", "claim"]
QUESTION_KINDS: tuple[QuestionKind, ...] = get_args(QuestionKind)
TRUE, FALSE, UNKNOWN = "True", "False", "unknown"
_CLAIM = "True or false: {c}"
NOT_SAID = "(the evidence does not say)"
_FALSE_SHARE, _DISPUTED_CLAIMS = 0.5, 0.5


class SubQuestion(NamedTuple):
    """A sub-question, its answer, and the id of the document that states it."""

    question: str
    answer: str
    document: str


class Question(NamedTuple):
    """A question with everything needed to judge an answer.

    gold: ids of the fewest documents that answer it; supporting: ids of all documents that state a fact it needs;
    contradicting: ids of documents that state another value (older reports); facts: the facts asked about, one per
    step."""

    kind: QuestionKind
    text: str
    answer: str
    rationale: str
    gold: tuple[str, ...]
    supporting: tuple[str, ...]
    contradicting: tuple[str, ...]
    steps: tuple[SubQuestion, ...]
    facts: tuple[Fact, ...]


def without(question: Question, missing: int) -> Question:
    """The question as it is to be answered from evidence that lacks its fact number `missing`.

    The rationale states the facts before it, then the missing one with NOT_SAID in place of its value: a model looks
    for the value only when it reaches that place."""
    statements = [plainly(fact) for fact in question.facts[:missing]]
    rationale = " ".join((*statements, plainly(question.facts[missing]._replace(value=NOT_SAID))))
    return question._replace(answer=UNKNOWN, rationale=rationale)


def is_claim(text: str) -> bool:
    """Whether a question asks whether a claim is true or false."""
    return text.strip().startswith(_CLAIM.format(c=""))


class Asker:
    """Draws questions over one archive."""

    def __init__(self, archive: Archive, rng: Random) -> None:
        self._rng = rng
        self._archive = archive
        self._stating = archive.stating()
        facts = archive.world.facts
        self._settled = [fact for fact in facts if fact.key not in archive.world.revisions]
        self._revised = [fact for fact in facts if fact.key in archive.world.revisions]
        self._years = [fact for fact in self._settled if fact.relation.earlier]
        self._bridges = self._bridge_pairs()
        self._makers: dict[QuestionKind, Callable[[], Question]] = {
            "single": self._single, "dated": self._dated, "bridge": self._bridge, "comparison": self._comparison,
            "claim": self._claim,
        }  # fmt: skip

    def ask(self, kind: QuestionKind) -> Question:
        """Draw a question of a kind."""
        return self._makers[kind]()

    def ask_of(self, fact: Fact) -> Question:
        """Draw a single-hop question about a fact."""
        return self._one_step_question(fact, "single")

    def claim_of(self, fact: Fact) -> Question:
        """Draw a claim about a fact, true or false with equal chance."""
        return self._claim_about_fact(fact)

    def alike(self, n: int) -> list[Fact]:
        """Up to n undisputed facts of one relation about different subjects; at least two where the world has them."""
        by_relation: dict[str, list[Fact]] = {}
        for fact in self._settled:
            by_relation.setdefault(fact.relation.name, []).append(fact)
        several = [facts for facts in by_relation.values() if len(facts) > 1]
        facts = self._rng.choice(several or list(by_relation.values()))
        return self._rng.sample(facts, min(n, len(facts)))

    def ask_about(self, document: WorldDocument) -> Question:
        """Draw a single-hop question that the document answers."""
        return self._one_step_question(self._rng.choice(self._undisputed_facts(document)), "single", document)

    def claim_about(self, document: WorldDocument) -> Question:
        """Draw a claim, true or false with equal chance, that the document decides."""
        return self._claim_about_fact(self._rng.choice(self._undisputed_facts(document)), document)

    def answerable(self) -> list[WorldDocument]:
        """The documents that state at least one fact no report disputes."""
        return [document for document in self._archive.documents if self._undisputed_facts(document)]

    def _undisputed_facts(self, document: WorldDocument) -> list[Fact]:
        return [fact for fact in document.states if fact.key not in self._archive.world.revisions]

    def _bridge_pairs(self) -> list[tuple[Fact, Fact]]:
        """Pairs of settled facts, the second about the entity that is the value of the first."""
        about: dict[str, list[Fact]] = {}
        for fact in self._settled:
            about.setdefault(fact.subject.name, []).append(fact)
        linked = [fact for fact in self._settled if fact.relation.phrase and fact.other is not None]
        return [(a, b) for a in linked if a.other is not None for b in about.get(a.other.name, ())]

    def _single(self) -> Question:
        return self._one_step_question(self._rng.choice(self._settled), "single")

    def _dated(self) -> Question:
        return self._one_step_question(self._rng.choice(self._revised), "dated") if self._revised else self._single()

    def _one_step_question(self, fact: Fact, kind: QuestionKind, document: WorldDocument | None = None) -> Question:
        step = self._step(fact, document)
        return self._question(kind, step.question, fact.value, (fact,), (step,))

    def _bridge(self) -> Question:
        first, second = self._rng.choice(self._bridges)
        text = said(self._rng.choice(second.relation.questions), s=first.relation.phrase.format(s=first.subject.label))
        steps = self._step(first), self._step(second)
        return self._question("bridge", text, second.value, (first, second), steps)

    def _comparison(self) -> Question:
        a = self._rng.choice(self._years)
        others = [fact for fact in self._years if fact.relation is a.relation and fact.value != a.value]
        if not others:
            return self._comparison()
        b = self._rng.choice(others)
        text = said(a.relation.earlier, a=a.subject.label, b=b.subject.label)
        answer = min(a, b, key=lambda fact: int(fact.value)).subject.label
        return self._question("comparison", text, answer, (a, b), (self._step(a), self._step(b)))

    def _claim(self) -> Question:
        """Draw a claim, true or false with equal chance; half of them about facts that reports disagree on."""
        disputed = self._revised and self._rng.random() < _DISPUTED_CLAIMS
        return self._claim_about_fact(self._rng.choice(self._revised if disputed else self._settled))

    def _claim_about_fact(self, fact: Fact, document: WorldDocument | None = None) -> Question:
        statement = fact if self._rng.random() > _FALSE_SHARE else self._false_version(fact)
        text = _CLAIM.format(c=plainly(statement))
        answer = TRUE if statement is fact else FALSE
        return self._question("claim", text, answer, (fact,), (self._step(fact, document),))

    def _false_version(self, fact: Fact) -> Fact:
        """A false version of a fact: what the older report says, or the value of another subject."""
        if fact.key in self._archive.world.revisions:
            return self._archive.world.revisions[fact.key].former
        others = [o for o in self._archive.world.facts if o.relation is fact.relation and o.value != fact.value]
        if others:
            other = self._rng.choice(others)
            return fact._replace(value=other.value, other=other.other)
        return fact._replace(value=self._rng.choice([v for v in relations.WARES if v != fact.value]))

    def _step(self, fact: Fact, document: WorldDocument | None = None) -> SubQuestion:
        source = document or self._rng.choice(self._stating[fact.key, fact.value])
        question = said(self._rng.choice(fact.relation.questions), s=fact.subject.label)
        return SubQuestion(question, fact.value, source.id)

    def _question(
        self, kind: QuestionKind, text: str, answer: str, facts: tuple[Fact, ...], steps: tuple[SubQuestion, ...]
    ) -> Question:
        supporting = {d.id for fact in facts for d in self._stating[fact.key, fact.value]}
        revisions = [self._archive.world.revisions[f.key] for f in facts if f.key in self._archive.world.revisions]
        former = {d.id for r in revisions for d in self._stating[r.former.key, r.former.value]}
        gold = tuple(dict.fromkeys(step.document for step in steps))
        rationale = " ".join(plainly(fact) for fact in facts)
        return Question(
            kind, text, answer, rationale, gold, tuple(sorted(supporting)), tuple(sorted(former)), steps, facts,
        )  # fmt: skip


def questions(archive: Archive, rng: Random) -> Iterator[Question]:
    """Yield endless questions over an archive, cycling through the kinds."""
    asker = Asker(archive, rng)
    while True:
        for kind in QUESTION_KINDS:
            yield asker.ask(kind)
