from collections import Counter

from app.choices.examples import examples, known_answer, questions
from app.panels.prompt import EXAMPLE_PROMPTS, first_example
from engine.world import corpus


def test_every_task_has_two_or_three_examples_in_a_row():
    tasks = [example.task for example in examples()]
    assert len(set(tasks)) >= 5
    assert all(2 <= count <= 3 for count in Counter(tasks).values())
    assert tasks == sorted(tasks, key=tasks.index)


def test_examples_differ_and_say_something():
    found = examples()
    assert len({example.prompt for example in found}) == len({example.title for example in found}) == len(found)
    assert all(example.prompt.strip() and example.title for example in found)
    assert max(len(example.prompt) for example in found) > 600


def test_first_example_is_what_a_picture_shows():
    assert first_example() == EXAMPLE_PROMPTS[0] == examples()[0].prompt


def test_every_example_question_is_one_of_its_shipped_documents_with_its_answer() -> None:
    for documents, form in (("builtin", "notes"), ("builtin:pages", "pages")):
        answers = {question.question: question.answer for question in corpus.shipped(form).questions}
        asked = [example for example in questions() if example.documents == documents]
        assert len(asked) >= 5
        assert {example.prompt: example.answer for example in asked}.items() <= answers.items()


def test_an_answer_is_known_only_of_the_documents_that_hold_it() -> None:
    first = questions()[0]
    assert known_answer(f" {first.prompt} ", first.documents) == first.answer
    assert known_answer(first.prompt, "/my/own") == known_answer("Who am I?", first.documents) == ""
