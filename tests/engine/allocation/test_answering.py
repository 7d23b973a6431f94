"""One question asked with every cell: what is computed, what is taken from another cell, and what is written down."""

from collections.abc import Generator
from typing import cast

import pytest

from engine.allocation import answering
from engine.allocation.answering import answers, config_of, in_asking_order
from engine.errors import InputError, InUse
from engine.evaluation.questions import GoldQuestion
from engine.events import Allocation, CellAnswered, Event, Progressed, ScalingAnswered
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig
from engine.methods.iterdrag.config import IterDragConfig
from tests.allocations import scaling_answer

GOLD = GoldQuestion("q1", "bridge", " Where is the mill? ", ("Nyby",))
CONTEXT = cast(ScalingContext, None)
CELLS = [Allocation(2, 0, n) for n in (1, 2, 3, 5)]


class Model:
    """Answers after a number of follow-up questions, and counts what it is asked."""

    def __init__(self, n_steps: int) -> None:
        self.asked: list[DragConfig] = []
        self._n_steps = n_steps

    def __call__(self, question: str, config: DragConfig, _: object) -> Generator[Event, None, ScalingAnswered]:
        assert question == "Where is the mill?"
        self.asked.append(config)
        yield Progressed("measuring", 1, 2, "training questions")
        if config.k > 100:
            raise InUse("these demonstrations are being made by another program", "wait until it ends")
        if config.k > 50:
            raise InputError("too long", "ask less")
        answer = scaling_answer("Nyby.", config, n_iterations=min(self._n_steps, config.iterations))
        yield answer
        return answer


def answer_all(
    monkeypatch: pytest.MonkeyPatch, model: Model, cells: list[Allocation]
) -> dict[Allocation, CellAnswered]:
    monkeypatch.setattr(answering, "answered", model)
    items = list(answers(GOLD, cells, IterDragConfig(seed=7), CONTEXT, "none"))
    assert any(isinstance(item, Progressed) for item in items)
    return {item.allocation: item for item in items if isinstance(item, CellAnswered)}


def test_one_iteration_is_drag_and_more_are_iterdrag() -> None:
    drag, iterating = (config_of(Allocation(3, 1, n), IterDragConfig(seed=7)) for n in (1, 4))
    assert type(drag) is DragConfig and (drag.k, drag.m, drag.seed) == (3, 1, 7)
    assert isinstance(iterating, IterDragConfig) and (iterating.k, iterating.n) == (3, 4)


def test_an_answer_that_ended_by_itself_is_also_that_of_fewer_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(n_steps=1)
    told = answer_all(monkeypatch, model, CELLS)
    assert [config.iterations for config in model.asked] == [5, 1]
    assert [told[cell].reused for cell in CELLS] == [False, True, True, False]
    assert {told[cell].answer for cell in CELLS} == {"Nyby."}


def test_an_answer_that_was_forced_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(n_steps=4)
    answer_all(monkeypatch, model, CELLS)
    assert [config.iterations for config in model.asked] == [5, 3, 2, 1]


def test_demonstrations_of_other_iterations_are_other_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(n_steps=1)
    answer_all(monkeypatch, model, [Allocation(2, 1, 3), Allocation(2, 1, 2)])
    assert len(model.asked) == 2


def test_an_answer_is_marked_and_a_refusal_kept_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    told = answer_all(monkeypatch, Model(1), [Allocation(2, 1, 1), Allocation(60, 0, 1)])
    right, refused = told[Allocation(2, 1, 1)], told[Allocation(60, 0, 1)]
    assert right.right and right.exact_match and right.f1 == 1 and right.input_tokens == 300
    assert (refused.answer, refused.why) == (None, "too long; ask less")


def test_another_program_in_the_way_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InUse, match="another program"):
        answer_all(monkeypatch, Model(1), [Allocation(101, 1, 1)])


def test_the_most_iterations_come_first() -> None:
    assert [cell.n for cell in in_asking_order(CELLS)] == [5, 3, 2, 1]
