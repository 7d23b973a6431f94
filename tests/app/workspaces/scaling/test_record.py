"""The record of an answer: its steps, live and whole, of both methods, and what does not belong to it."""

from msgspec.structs import replace

from app.workspaces.scaling.record import ScalingRecord
from tests.scaled_answers import (
    BRIDGE,
    GOLD,
    answered,
    called,
    iterations,
    retrieved,
    scaling_started,
    whole_scaling_answer,
)


def recorded(*events: object) -> ScalingRecord:
    record = ScalingRecord()
    for event in events:
        record.take(event)  # type: ignore[arg-type]
    return record


def test_a_whole_answer_has_its_question_its_follow_ups_and_its_end() -> None:
    record = recorded(*whole_scaling_answer())
    assert [step.kind for step in record.steps] == ["question", "follow_up", "follow_up", "follow_up", "final"]
    assert record.steps[0].text == BRIDGE and len(record.steps[0].documents) == 4
    first = record.steps[1]
    assert (first.answer, first.probability, first.n_known, len(first.calls)) == ("Maren Oldcastle", 0.93, 1, 2)
    assert first.input_tokens == 758 + 858 and first.cached_tokens == 758 and first.output_tokens == 24
    assert record.gold == (GOLD,) and record.standard is not None


def test_the_step_under_way_is_open_until_it_is_told() -> None:
    record = recorded(scaling_started(), retrieved(), *iterations()[:5], *called(2, 1, "step", "Who else?", 900, 10))
    last = record.steps[-1]
    assert last.is_open and last.text == "Who else?" and last.probability is None
    assert record.calls_at(None)[0].call.call == 2 and record.calls_at(0)[0].call.call == 0


def test_a_method_without_iterations_has_an_answer_of_its_calls() -> None:
    started = scaling_started("drag")
    record = recorded(started, retrieved(), *called(0, 0, "answer", GOLD, 600, 0), replace(answered(), system="drag"))
    assert [step.kind for step in record.steps] == ["question", "final"]
    assert record.steps[1].answer == GOLD and record.steps[1].input_tokens == 600


def test_calls_of_what_it_is_compared_with_are_not_steps() -> None:
    record = recorded(*whole_scaling_answer()[:-1], *called(9, 4, "answer", "1742", 430, 0), answered())
    assert len(record.steps) == 5 and len(record.answers) == 1


def test_nothing_is_known_before_the_start() -> None:
    assert recorded().steps == () and recorded().calls_at(0) == () and recorded().gold == ()
