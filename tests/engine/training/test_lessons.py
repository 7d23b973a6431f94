"""Lessons: what a prompt shows when it is learned is what the methods show when it is asked."""

from random import Random

import pytest

from engine import prompts
from engine.methods.drag.window import PromptContent
from engine.training.curriculum import DEMONSTRATED, LESSONS, Phase
from engine.training.demonstrated import LessonWriter
from engine.training.lessons import Lesson, LessonBook, book_of
from engine.training.rows import MixtureRows, RowShape
from engine.training.weighted_text import encode
from engine.world.census import SMALL, world
from engine.world.documents import archive
from engine.world.questions import QUESTION_KINDS, Asker
from tests import fakes

WORDS = fakes.tokenizer()
PLAN = LESSONS._replace(n_worlds=2, n_lessons=30, sizes=SMALL, forms=("notes",))


def book(seed: int) -> LessonBook:
    """Lessons of all kinds; documents are retrieved by the words they share with a query."""
    rng = Random(seed)
    documents = archive(rng, world(rng, "train"))
    asker = Asker(documents, rng)

    def retrieve(query: str) -> list[str]:
        words = set(query.strip("?").split())
        ranked = sorted(documents.documents, key=lambda d: (-len(words & set(d.text.replace(".", "").split())), d.id))
        return [document.id for document in ranked[:10]]

    return book_of(documents, [asker.ask(kind) for kind in QUESTION_KINDS * 6], retrieve)


BOOKS = book(1), book(2)


def bridge() -> Lesson:
    return next(lesson for lesson in BOOKS[0].lessons if lesson.kind == "bridge" and len(lesson.context(2, 2)) > 4)


def writer(seed: int = 0, **changes: object) -> LessonWriter:
    return LessonWriter(*BOOKS, PLAN._replace(**changes), Random(seed))  # type: ignore[arg-type]


def test_context_grows_as_that_of_an_iterating_question() -> None:
    lesson = bridge()
    first, second = lesson.context(2), lesson.context(2, 1)
    assert first == tuple(reversed(lesson.retrieved[0][:2]))
    assert second[:2] == first
    assert second[2:] == tuple(place for place in reversed(lesson.retrieved[1][:2]) if place not in first)
    assert len(set(lesson.context(5, 2))) == len(lesson.context(5, 2))


def test_lesson_is_answerable_only_where_its_documents_state_every_step() -> None:
    lesson = Lesson("bridge", "Whose?", "Ked", (), ((0, 1, 2), (3, 4), (5, 6)), ((1, 3), (6,)))
    assert [lesson.is_answerable(k, iterates=False) for k in (1, 2, 3)] == [False, False, False]
    assert [lesson.is_answerable(k, iterates=True) for k in (1, 2)] == [False, True]


@pytest.mark.parametrize("format_", ["drag", "iterdrag"])
def test_text_reads_as_the_prompt_that_the_method_would_ask_with(format_: str) -> None:
    lesson, drawn = bridge(), writer(open_share=0.0)
    iterates = format_ == "iterdrag"
    shown = [BOOKS[1].demonstration(BOOKS[1].lessons[place], 3, steps=iterates).shown(2) for place in (0, 1, 2, 3)]
    prompt = drawn.write("iterdrag" if iterates else "drag", lesson, 3, shown)
    documents = BOOKS[0].texts(lesson.context(3, 2 if iterates else 0))
    asked = PromptContent(lesson.question, documents, tuple(shown), iterates).prompt()
    assert prompt.given == asked.text
    answered = PromptContent(lesson.question, documents, tuple(shown), iterates, lesson.steps).prompt()
    assert prompt.text.startswith(answered.text if iterates else asked.text)
    assert prompt.part("answer") == f" {lesson.answer}"


def test_open_text_breaks_off_where_documents_are_retrieved_and_does_not_end_there() -> None:
    lesson = bridge()
    texts = {writer(seed, open_share=1.0).write("iterdrag", lesson, 2, []) for seed in range(12)}
    assert len(texts) == len(lesson.steps)
    for prompt in texts:
        n_answered = prompt.text[prompt.written_from :].count(prompts.INTERMEDIATE) - 1
        documents = BOOKS[0].texts(lesson.context(2, n_answered))
        begun = prompts.begun_step(lesson.steps[n_answered].question)
        content = PromptContent(lesson.question, documents, (), True, lesson.steps[:n_answered], begun)
        assert prompt == content.prompt()
        assert encode(WORDS, prompt).weights[-1] == 0.0
    assert encode(WORDS, writer(open_share=0.0).write("iterdrag", lesson, 2, [])).weights[-1] == 1.0


def test_demonstrations_are_of_another_world_and_as_many_as_planned() -> None:
    counts = set()
    for seed in range(60):
        prompt = writer(seed).draw(10**6)
        shown = [segment for segment in prompt.segments if segment.name == "demonstration"]
        counts.add(len(shown))
        for segment in shown:
            text = prompt.text[segment.start : segment.end]
            n = text.count("\n[")
            assert 1 <= n <= 2
            assert all(line.partition("] ")[2] in BOOKS[1].documents for line in text.split("\n") if line[:1] == "[")
            asked = text.partition(prompts.QUESTION_LINE)[2].partition("\n")[0].strip()
            assert asked in {lesson.question for lesson in BOOKS[1].lessons}
    assert counts == {0, 1, 2, 3, 4}


def test_text_is_as_short_as_the_row_needs_where_it_can_be() -> None:
    assert all(len(writer(seed).draw(2500).text) <= 2500 for seed in range(20))
    assert writer().draw(1).text


def test_long_rows_hold_lessons_and_short_ones_none() -> None:
    phase = lesson_phase()
    rows = MixtureRows(WORDS, (phase,), seed=1, steps=4, books=BOOKS)
    lessons, others = rows.batch(0, RowShape(2, 2048)), rows.batch(0, RowShape(2, 1024))
    texts = [WORDS.decode(ids) for batch in (lessons, others) for ids in batch.ids.tolist()]
    assert [text.startswith((prompts.DRAG_TASK, prompts.ITERDRAG_TASK)) for text in texts] == [True, True, False, False]
    again = MixtureRows(WORDS, (phase,), seed=1, steps=4, books=BOOKS).batch(0, RowShape(2, 2048))
    assert again.ids.tolist() == lessons.ids.tolist()


def lesson_phase() -> Phase:
    """A phase whose long rows are lessons alone, and whose others are judgements."""
    lessons = PLAN._replace(share=1.0)
    return DEMONSTRATED._replace(prose=0.0, formats={"reflection": 1.0}, sizes=SMALL, forms=("notes",), lessons=lessons)
