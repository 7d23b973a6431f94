"""Training texts: a question of the generated world in one of the prompt formats; knows no tokens."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

from engine import prompts
from engine.prompts import Demonstration, Prompt
from engine.training.curriculum import Format, Phase
from engine.world.documents import Archive, Document
from engine.world.questions import FALSE, TRUE, Asker, Question, QuestionKind
from engine.world.story import story

T = TypeVar("T")
_MOST_DEMONSTRATIONS = 2
_SUPPORTED_SHARE, _EASY_SHARE = 0.55, 0.15


def weighted(rng: Random, weights: Mapping[T, float]) -> T:
    """Draw one key by its weight."""
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


class Sampler:
    """Draws training texts over one archive."""

    def __init__(self, archive: Archive, rng: Random) -> None:
        self._rng = rng
        self._asker = Asker(archive, rng)
        self._documents = {document.id: document for document in archive.documents}
        self._answerable = self._asker.answerable()

    def draw(self, phase: Phase, *, most_documents: int) -> Prompt:
        """Draw a complete text: format, kind and number of documents as the phase has them."""
        n = min(self._rng.choice(phase.n_documents), most_documents)
        format_ = weighted(self._rng, phase.formats)
        if format_ == "standard" and self._rng.random() < phase.several_share:
            return self._several(n, self._rng.randint(2, phase.n_questions), phase.kinds)
        return self.write(format_, self._asker.ask(weighted(self._rng, phase.kinds)), n)

    def ask(self, kind: QuestionKind) -> Question:
        """Draw a question."""
        return self._asker.ask(kind)

    def write(self, format_: Format, question: Question, n_documents: int) -> Prompt:
        """A question and its answer in a format, among at least `n_documents` documents."""
        if format_ == "reflection":
            return self._reflection(question)
        shown = self.shown(question, n_documents)
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

    def shown(self, question: Question, n: int) -> tuple[str, ...]:
        """The texts of the gold documents, of what contradicts them, and of others up to n, shuffled."""
        needed = dict.fromkeys((*question.gold, *question.contradicting))
        taken = {*needed, *question.supporting}
        others = [key for key in self._documents if key not in taken]
        others = self._rng.sample(others, max(0, min(n - len(needed), len(others))))
        keys = [*needed, *others]
        self._rng.shuffle(keys)
        return tuple(self._documents[key].text for key in keys)

    def reflect(self, question: Question, *, supported: bool) -> Prompt:
        """The question with its answer and rationale, or with ones that do not belong to it."""
        if supported:
            return prompts.reflection(question.text, question.answer, question.rationale, True)
        answer, rationale = self._unsupported(question)
        return prompts.reflection(question.text, answer, rationale, False)

    def _reflection(self, question: Question) -> Prompt:
        """A judgement to learn from, some of them easy: without those the verdict stayed a constant for long."""
        if self._rng.random() < _EASY_SHARE:
            unrelated = story(self._rng).partition(".")[0] + "."
            return prompts.reflection(question.text, question.answer, unrelated, False)
        return self.reflect(question, supported=self._rng.random() < _SUPPORTED_SHARE)

    def _unsupported(self, question: Question) -> tuple[str, str]:
        """A wrong answer beside the right rationale, or a rationale that belongs to another question."""
        other = self._other(question)
        if self._rng.random() < 0.5:
            return other.answer, other.rationale
        flipped = FALSE if question.answer == TRUE else TRUE
        return (flipped if question.kind == "claim" else other.answer), question.rationale

    def _other(self, question: Question) -> Question:
        """A question with another rationale and, but for claims, another answer: of the same kind, or a single one
        where a small world has no second of that kind."""
        kind = question.kind
        while True:
            other = self._asker.ask(kind)
            same_answer = other.answer == question.answer and question.kind != "claim"
            if other.rationale != question.rationale and not same_answer:
                return other
            kind = "single" if question.kind == "dated" else kind

    def _several(self, n_documents: int, n_questions: int, kinds: Mapping[QuestionKind, float]) -> Prompt:
        """Several questions and claims about the same documents."""
        documents: Sequence[Document] = self._rng.sample(self._answerable, n_documents)
        asking = {self._asker.ask_about: kinds["single"], self._asker.claim_about: kinds["claim"]}
        asked = [weighted(self._rng, asking)(self._rng.choice(documents)) for _ in range(n_questions)]
        *more, last = [(question.text, question.answer) for question in asked]
        return prompts.standard_rag([d.text for d in documents], *last, more=more)

    def _demonstrations(self, question: Question, *, steps: bool = False) -> list[Demonstration]:
        n = self._rng.randint(0, _MOST_DEMONSTRATIONS)
        return [self.demonstration(self._asker.ask(question.kind), steps=steps) for _ in range(n)]

    def demonstration(self, question: Question, *, steps: bool) -> Demonstration:
        """An answered question with its gold documents."""
        shown = tuple(self._documents[key].text for key in question.gold)
        return Demonstration(shown, question.text, question.answer, steps_of(question) if steps else ())


def steps_of(question: Question) -> tuple[prompts.Step, ...]:
    """The question's steps as follow-ups and intermediate answers."""
    return tuple(prompts.Step(step.question, step.answer) for step in question.steps)
