"""The table of a sweep's answers: only what every cell answered, and why a cell is left out."""

import pytest

from engine.allocation.answer_table import OTHER_QUESTIONS, arranged
from engine.errors import InputError
from engine.events import Allocation
from tests.allocations import answered

A, B = Allocation(1, 0, 1), Allocation(2, 1, 1)
NAMES = [f"q{i}" for i in range(6)]


def test_questions_that_a_cell_lacks_are_left_out() -> None:
    answers = [answered(name, cell) for name in NAMES for cell in (A, B)]
    table = arranged(answers[:-1], "accuracy")
    assert (table.cells, table.questions, table.n_partial) == ((A, B), tuple(NAMES[:5]), 1)
    assert table.contexts[0].tolist() == [70, 250]


def test_metrics_are_read_from_the_answers() -> None:
    answers = [answered(name, A, right=True, exact_match=False, f1=0.5) for name in NAMES]
    assert [arranged(answers, metric).scores.mean() for metric in ("accuracy", "exact_match", "f1")] == [1, 0, 0.5]


def test_a_cell_that_was_not_really_measured_is_left_out_with_the_reason() -> None:
    answers = [answered(name, A) for name in NAMES]
    for wrong, said in (
        ([answered(name, B, demos=0) for name in NAMES], "at most 0 demonstrations of 1"),
        ([answered(name, B, docs=1) for name in NAMES], "at most 1 documents of 2"),
        ([answered(name, B, why="too long") for name in NAMES], "too long"),
        ([answered(NAMES[0], B)], "only 1 of 6 questions"),
    ):
        table = arranged([*answers, *wrong], "accuracy")
        assert table.cells == (A,) and len(table.questions) == 6
        assert said in dict(table.unasked)[B]


def test_kinds_of_few_questions_are_one_task() -> None:
    answers = [answered(name, A, kind="single" if i else "claim") for i, name in enumerate(NAMES)]
    assert arranged(answers, "accuracy").task_names == (OTHER_QUESTIONS, "single")


def test_nothing_to_arrange_is_refused() -> None:
    with pytest.raises(InputError, match="no answers yet"):
        arranged([], "accuracy")
    with pytest.raises(InputError, match="every combination"):
        arranged([answered("q0", A), answered("q1", B)], "accuracy")


def test_parts_of_a_table_keep_rows_and_columns_together() -> None:
    table = arranged([answered(name, cell, right=cell == A) for name in NAMES for cell in (A, B)], "accuracy")
    part = table.of_cells([B]).of_questions([0, 2])
    assert (part.cells, part.questions) == ((B,), ("q0", "q2"))
    assert part.scores.shape == part.contexts.shape == (2, 1) and not part.scores.any()
