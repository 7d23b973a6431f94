"""Writes lessons as the prompts of DRAG and IterDRAG: demonstrations of another world, documents as they are retrieved.

Prompts come from the functions that write them when a question is asked, and documents stand in the same order."""

from random import Random

from engine import prompts
from engine.prompts import Demonstration, Prompt
from engine.training.curriculum import Format, LessonPlan
from engine.training.lessons import Lesson, LessonBook
from engine.training.samples import weighted

_TRIES = 12


class LessonWriter:
    """Writes lessons of one world, demonstrated by those of another, whose names differ as they do in use."""

    def __init__(self, asked: LessonBook, shown: LessonBook, plan: LessonPlan, rng: Random) -> None:
        self._asked, self._shown, self._plan, self._rng = asked, shown, plan, rng

    def draw(self, most_characters: int) -> Prompt:
        """Draw a text of at most so many characters; the shortest of several where none is so short."""
        rng, plan = self._rng, self._plan
        format_ = weighted(rng, plan.formats)
        m = rng.choice(plan.n_shown)
        drawn: list[Prompt] = []
        for _ in range(_TRIES):
            k = rng.choice(plan.n_documents)
            lesson = self._lesson(k, format_)
            prompt = self.write(format_, lesson, k, self._demonstrations(lesson, format_, k, m))
            if len(prompt.text) <= most_characters:
                return prompt
            drawn.append(prompt)
        return min(drawn, key=lambda prompt: len(prompt.text))

    def write(self, format_: Format, lesson: Lesson, k: int, demonstrations: list[Demonstration]) -> Prompt:
        """Write a lesson with k documents a retrieval; a share of those that iterate break off at a retrieval."""
        book = self._asked
        if format_ != "iterdrag":
            return prompts.drag(
                book.texts(lesson.context(k)), lesson.question, lesson.answer, demonstrations=demonstrations
            )
        n_steps = len(lesson.steps)
        if self._rng.random() < self._plan.open_share:
            n_steps = self._rng.randrange(n_steps)
            return prompts.iterdrag(
                book.texts(lesson.context(k, n_steps)), lesson.question, lesson.steps[:n_steps],
                demonstrations=demonstrations, begun=prompts.begun_step(lesson.steps[n_steps].question),
            )  # fmt: skip
        shown = book.texts(lesson.context(k, n_steps))
        return prompts.iterdrag(shown, lesson.question, lesson.steps, lesson.answer, demonstrations=demonstrations)

    def _lesson(self, k: int, format_: Format) -> Lesson:
        """Draw a lesson that the retrieved documents answer, or any where there is none."""
        iterates = format_ == "iterdrag"
        lessons = [lesson for lesson in self._asked.lessons if lesson.is_answerable(k, iterates=iterates)]
        return self._rng.choice(lessons or self._asked.lessons)

    def _demonstrations(self, lesson: Lesson, format_: Format, k: int, m: int) -> list[Demonstration]:
        """Draw m demonstrations, most of them about the same kind of question, as the nearest ones are."""
        rng, plan, steps = self._rng, self._plan, format_ == "iterdrag"
        usable = [other for other in self._shown.lessons if not steps or other.is_answerable(k, iterates=True)]
        alike = [other for other in usable if other.kind == lesson.kind]
        n_documents = rng.choice(plan.n_shown_documents)
        demonstrations = []
        for _ in range(m if usable else 0):
            other = rng.choice(alike if alike and rng.random() < plan.same_kind_share else usable)
            demonstrations.append(self._shown.demonstration(other, k, steps=steps).shown(n_documents))
        return demonstrations
