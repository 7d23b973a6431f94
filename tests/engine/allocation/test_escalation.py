"""Escalation over recorded answers: accuracy and tokens at every threshold."""

import pytest

from engine.allocation.escalation import at, curve, ladder_of, usual_steps
from engine.errors import InputError
from engine.events import Allocation
from tests.allocations import answered

SMALL, LARGE = Allocation(1, 0, 1), Allocation(5, 0, 1)
ANSWERS = [
    answered("sure", SMALL, right=True, quality=0.9, input_tokens=100),
    answered("sure", LARGE, right=True, quality=0.9, input_tokens=500),
    answered("unsure", SMALL, right=False, quality=0.3, input_tokens=100, quality_tokens=10),
    answered("unsure", LARGE, right=True, quality=0.4, input_tokens=500),
    answered("half", SMALL, quality=0.1),
]


def test_a_threshold_trades_tokens_for_accuracy() -> None:
    questions = ladder_of(ANSWERS, (SMALL, LARGE))
    assert len(questions.questions) == 2
    assert at(questions, 0.0)[1:] == (0.5, 105.0, 0.0, 4.0)
    assert at(questions, 0.5)[1:] == (1.0, (100 + 610) / 2, 0.5, 6.0)
    assert at(questions, 1.0).share_escalated == 1.0
    points = curve(questions)
    assert [points[0].threshold, points[-1].threshold] == [0, 1]
    assert [point.mean_context for point in points] == sorted(point.mean_context for point in points)


def test_what_was_not_judged_cannot_be_escalated() -> None:
    with pytest.raises(InputError, match="did not judge"):
        ladder_of([answered("q", SMALL), answered("q", LARGE)], (SMALL, LARGE))
    with pytest.raises(InputError, match="every step"):
        ladder_of(ANSWERS, (SMALL, Allocation(9, 9, 9)))
    with pytest.raises(InputError, match="no allocation"):
        ladder_of(ANSWERS, ())


def test_the_usual_steps_are_cheapest_middle_and_dearest_over_documents() -> None:
    cells = [Allocation(k, 0, 1) for k in (0, 1, 2, 5)]
    assert usual_steps([answered("q", cell) for cell in cells]) == (cells[1], cells[2], cells[3])
    assert usual_steps([answered("q", cells[0])]) == ()
