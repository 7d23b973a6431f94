"""Words of an answer: shares as papers write them, right answers by their words, endings."""

import pytest

from app.state.run_record import RunRecord
from app.workspaces.scaling import words
from engine.events import RunFinished
from tests.scaled_answers import answered, scaling_started, whole_scaling_answer


@pytest.mark.parametrize(
    ("value", "text"), [(0.71, ".71"), (0.0, ".00"), (1.0, "1.00"), (0.999, "1.00"), (None, "—"), (-0.2, "-.20")]
)
def test_shares_have_no_zero_before_the_point(value: float | None, text: str) -> None:
    assert words.share(value) == text


def test_an_answer_is_right_that_has_any_known_one() -> None:
    assert words.is_right("in 1310.", ("1742", "1310")) and not words.is_right("1310", ())


def test_an_ending_says_the_answer_and_what_was_read() -> None:
    record = RunRecord(1)
    for event in whole_scaling_answer():
        record.add(event)
    assert words.ending(record) == "answered after 3 steps, 6,774 tokens read: 1310"


def test_a_stopped_answer_keeps_its_steps() -> None:
    record = RunRecord(1)
    for event in (scaling_started(), RunFinished("cancelled", 3)):
        record.add(event)
    assert words.ending(record) == "stopped by you; the steps so far are kept"


def test_drafting_is_said_only_where_something_was_drafted() -> None:
    assert words.drafting(answered()) == "decoding 1.64× by drafts, same text ✓"
