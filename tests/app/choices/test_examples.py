from collections import Counter

from app.choices.examples import examples, questions
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


def test_every_example_question_is_one_of_the_shipped_corpus() -> None:
    known = {question.question for question in corpus.generate(corpus.shipped_source()).questions}
    assert {example.prompt for example in questions()} <= known
