"""Draws training texts: questions about a generated world, each in one of the prompt formats."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

from engine import prompts
from engine.prompts import Demonstration, Prompt
from engine.training.curriculum import Format, Phase
from engine.training.evidence import EvidencePicker
from engine.world.census import world
from engine.world.documents import Archive, WorldDocument, plainly
from engine.world.open_names import Split
from engine.world.pages import Form, history
from engine.world.questions import FALSE, TRUE, Asker, Question, QuestionKind, without
from engine.world.story import story

T = TypeVar("T")
_MOST_DEMONSTRATIONS = 2
_SUPPORTED_SHARE, _EASY_SHARE = 0.55, 0.15
_UNKNOWN_SHARE = 0.4
_DRILLED: tuple[Format, ...] = ("standard", "draft")


def weighted(rng: Random, weights: Mapping[T, float]) -> T:
    """Draw one key by its weight."""
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


def sampler(rng: Random, phase: Phase, split: Split, form: Form) -> "Sampler":
    """A sampler over a fresh world of the split, written in a form, with the shares of the phase."""
    archive = history(rng, world(rng, split, phase.sizes), form)
    return Sampler(archive, rng, near_share=phase.near_share, missing=phase.missing, hard_share=phase.hard_share)


class Sampler:
    """Draws training texts over one archive.

    near_share: share of near neighbours among the documents beside those that answer; missing: by format, the share of
    questions whose evidence lacks the answer; hard_share: share of unsupported judgements that a drafter could make."""

    def __init__(
        self,
        archive: Archive,
        rng: Random,
        *,
        near_share: float = 0.0,
        missing: Mapping[Format, float] | None = None,
        hard_share: float = 0.0,
    ) -> None:
        self._rng = rng
        self._asker = Asker(archive, rng)
        self._evidence = EvidencePicker(archive, rng)
        self._facts = archive.world.facts
        self._answerable = self._asker.answerable()
        self._near_share, self._missing, self._hard_share = near_share, missing or {}, hard_share

    def draw(self, phase: Phase, *, most_documents: int) -> Prompt:
        """Draw a complete text, with format, kind and number of documents drawn as the phase prescribes."""
        format_ = weighted(self._rng, phase.formats)
        draft_counts = phase.n_drafted if format_ == "draft" else ()
        if format_ in _DRILLED and self._rng.random() < phase.drill_share:
            return self.drill(format_, min(self._rng.choice(phase.n_drilled), most_documents), phase.kinds)
        n = min(self._rng.choice(draft_counts or phase.n_documents), most_documents)
        if format_ == "standard" and self._rng.random() < phase.several_share:
            return self._several_questions(n, self._rng.randint(2, phase.n_questions), phase.kinds)
        return self.write(format_, self._asker.ask(weighted(self._rng, phase.kinds)), n)

    def ask(self, kind: QuestionKind) -> Question:
        """Draw a question."""
        return self._asker.ask(kind)

    def write(self, format_: Format, question: Question, n_documents: int) -> Prompt:
        """Write a question and its answer in a format, among at least `n_documents` documents."""
        if format_ == "reflection":
            return self._reflection(question)
        if self._draw_missing(format_):
            return self.withhold(format_, question, n_documents)
        return self._prompt(format_, question, self.shown(question, n_documents))

    def withhold(self, format_: Format, question: Question, n_documents: int) -> Prompt:
        """Write the question in a format among documents that do not answer it, with the answer for that case."""
        withheld = self._evidence.withheld(question, n_documents, self._near_share)
        return self._prompt(format_, withheld.question, withheld.documents)

    def _prompt(self, format_: Format, question: Question, shown: tuple[str, ...]) -> Prompt:
        match format_:
            case "draft":
                return prompts.rag_draft(shown, question.text, question.rationale, question.answer)
            case "drag":
                return prompts.drag(
                    shown, question.text, question.answer, demonstrations=self._demonstrations(question)
                )
            case "iterdrag":
                demonstrations = self._demonstrations(question, steps=True)
                return prompts.iterdrag(
                    shown, question.text, steps_of(question), question.answer, demonstrations=demonstrations
                )
        return prompts.standard_rag(shown, question.text, question.answer)

    def _draw_missing(self, format_: Format) -> bool:
        """Draw whether the evidence of the next question is to lack its answer."""
        share = self._missing.get(format_, 0.0)
        return share > 0 and self._rng.random() < share

    def shown(self, question: Question, n: int) -> tuple[str, ...]:
        """The texts of the gold documents, of those that contradict them, and of others up to n in all; shuffled."""
        return self._evidence.shown(question, n, self._near_share)

    def reflect(self, question: Question, *, supported: bool) -> Prompt:
        """Write the question with its answer and rationale, or with ones that do not belong to it."""
        if supported:
            return prompts.reflection(question.text, question.answer, question.rationale, True)
        answer, rationale = self._unsupported(question)
        return prompts.reflection(question.text, answer, rationale, False)

    def _reflection(self, question: Question) -> Prompt:
        """Draw a judgement to learn from, some of them easy: without those the verdict stayed constant for long."""
        if self._rng.random() < _EASY_SHARE:
            unrelated = story(self._rng).partition(".")[0] + "."
            return prompts.reflection(question.text, question.answer, unrelated, False)
        return self.reflect(question, supported=self._rng.random() < _SUPPORTED_SHARE)

    def _unsupported(self, question: Question) -> tuple[str, str]:
        """A wrong answer beside the right rationale, or a rationale that belongs to another question."""
        if self._hard_share and self._rng.random() < self._hard_share:
            return self.invented(question)
        other = self._other_question(question)
        if self._rng.random() < 0.5:
            return other.answer, other.rationale
        flipped = FALSE if question.answer == TRUE else TRUE
        return (flipped if question.kind == "claim" else other.answer), question.rationale

    def invented(self, question: Question) -> tuple[str, str]:
        """What a drafter that lacks the answer may write: that it is unknown, or what is true of another subject."""
        fact = self._rng.choice(question.facts)
        others = [o for o in self._facts if o.relation is fact.relation and o.subject is not fact.subject]
        if self._rng.random() < _UNKNOWN_SHARE or not others:
            lacking = without(question, self._rng.randrange(len(question.facts)))
            return lacking.answer, lacking.rationale
        other_fact = self._rng.choice(others)
        rationale = " ".join(plainly(other_fact if f is fact else f) for f in question.facts)
        if question.kind == "claim":
            return self._rng.choice((TRUE, FALSE)), rationale
        last = fact is question.facts[-1] and question.kind != "comparison"
        return other_fact.value if last else question.answer, rationale

    def _other_question(self, question: Question) -> Question:
        """Draw a question with another rationale and, except for claims, another answer: of the same kind, but a
        single-hop one where a small world has no second dated one."""
        kind = question.kind
        while True:
            other = self._asker.ask(kind)
            same_answer = other.answer == question.answer and question.kind != "claim"
            if other.rationale != question.rationale and not same_answer:
                return other
            kind = "single" if question.kind == "dated" else kind

    def _several_questions(self, n_documents: int, n_questions: int, kinds: Mapping[QuestionKind, float]) -> Prompt:
        """Write several questions and claims about the same documents."""
        documents = self._neighbours(n_documents)
        answerable = [document for document in documents if document in self._answerable]
        weights = {self._asker.ask_about: kinds["single"], self._asker.claim_about: kinds["claim"]}
        questions = [
            self._unanswered_question(documents) or weighted(self._rng, weights)(self._rng.choice(answerable))
            for _ in range(n_questions)
        ]
        *more, last = [(question.text, question.answer) for question in questions]
        return prompts.standard_rag([d.text for d in documents], *last, more=more)

    def drill(self, format_: Format, n: int, kinds: Mapping[QuestionKind, float]) -> Prompt:
        """Write questions about documents that state one relation of different subjects; a draft answers only the
        first, whose document is sometimes missing."""
        facts = self._asker.alike(n)
        weights = {self._asker.ask_of: kinds["single"], self._asker.claim_of: kinds["claim"]}
        questions = [weighted(self._rng, weights)(fact) for fact in facts]
        first, ids = questions[0], list(dict.fromkeys(question.gold[0] for question in questions))
        if format_ == "draft" and len(ids) > 1 and self._draw_missing(format_):
            ids = [key for key in ids if key not in first.supporting] or ids
            first = first if first.gold[0] in ids else without(first, 0)
        self._rng.shuffle(ids)
        self._rng.shuffle(questions)
        texts = self._evidence.texts(ids)
        if format_ == "draft":
            return prompts.rag_draft(texts, first.text, first.rationale, first.answer)
        *more, last = [(question.text, question.answer) for question in questions]
        return prompts.standard_rag(texts, *last, more=more)

    def _neighbours(self, n: int) -> Sequence[WorldDocument]:
        """Draw n documents, one of them at least undisputed; a share of the others are near neighbours of it."""
        if not self._near_share:
            return self._rng.sample(self._answerable, n)
        return self._evidence.around(self._asker.ask("single"), n, self._near_share)

    def _unanswered_question(self, documents: Sequence[WorldDocument]) -> Question | None:
        """In a share of the cases, a question that the documents do not answer, about a relation that some of them
        state for another subject."""
        if not self._draw_missing("standard"):
            return None
        stated = {fact.key for document in documents for fact in document.states}
        relations = {fact.relation.name for document in documents for fact in document.states}
        unstated = [f for f in self._facts if f.relation.name in relations and f.key not in stated]
        return without(self._asker.ask_of(self._rng.choice(unstated)), 0) if unstated else None

    def _demonstrations(self, question: Question, *, steps: bool = False) -> list[Demonstration]:
        n = self._rng.randint(0, _MOST_DEMONSTRATIONS)
        return [self.demonstration(self._asker.ask(question.kind), steps=steps) for _ in range(n)]

    def demonstration(self, question: Question, *, steps: bool) -> Demonstration:
        """An answered question with its gold documents."""
        shown = self._evidence.texts(question.gold)
        return Demonstration(shown, question.text, question.answer, steps_of(question) if steps else ())


def steps_of(question: Question) -> tuple[prompts.FollowUp, ...]:
    """The question's steps as follow-ups and intermediate answers."""
    return tuple(prompts.FollowUp(step.question, step.answer) for step in question.steps)
