"""Escalation with the built-in target: presets within the budget, judged by each score, until one is good enough."""

import pytest

from engine.errors import InputError
from engine.events import AllocationRouted, Event, QualityJudged, ScalingAnswered, Warned
from engine.methods.escalating.climbing import TakenAnswer, climb
from engine.methods.escalating.config import EscalatingConfig
from engine.methods.escalating.presets import bound_over_index
from tests.scaling import BRIDGE, context, told

BOUND = bound_over_index(24, 16, 24)


def climbed(**settings: object) -> tuple[list[Event], TakenAnswer]:
    config = EscalatingConfig(**{"max_new_tokens": 24, "gamma": 0, "budget": 900, **settings})  # type: ignore[arg-type]
    return told(climb(BRIDGE, config, context(members=()), BOUND))


def of(kind: type[Event], events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def test_a_good_answer_is_taken_at_once() -> None:
    events, taken = climbed(escalate_below=1e-6)
    (judged,) = of(QualityJudged, events)
    assert isinstance(judged, QualityJudged) and not judged.escalates and judged.score == "probability"
    assert judged.value == taken.result.probability and len(of(AllocationRouted, events)) == 1


def test_a_bad_one_is_asked_again_with_what_is_left_of_the_budget() -> None:
    events, taken = climbed(escalate_below=1.0, budget=20_000)
    routed = of(AllocationRouted, events)
    answers = of(ScalingAnswered, events)
    assert [each.preset for each in routed][:2] == ["small", "medium"]  # type: ignore[attr-defined]
    assert routed[1].budget == 20_000 - answers[0].effective_context  # type: ignore[attr-defined]
    assert all(a.effective_context <= r.bound_tokens for a, r in zip(answers, routed, strict=False))  # type: ignore[attr-defined]
    assert taken.result is answers[-1] and all(event.route == "escalation" for event in routed)  # type: ignore[attr-defined]
    end = events[-1]
    assert isinstance(end, Warned) or (isinstance(end, QualityJudged) and not end.escalates)


def test_a_preset_that_the_budget_leaves_no_more_is_not_asked() -> None:
    events, taken = climbed(escalate_below=1.0, budget=500)
    assert len(of(AllocationRouted, events)) == 1 and taken.result is of(ScalingAnswered, events)[0]
    assert isinstance(events[-1], Warned) and "the answer before is taken" in events[-1].hint


@pytest.mark.parametrize("score", ["self_consistency", "self_reflect"])
def test_other_scores_take_tokens_of_their_own(score: str) -> None:
    events, _ = climbed(escalate_below=1e-6, quality=score)
    judged = of(QualityJudged, events)[0]
    assert isinstance(judged, QualityJudged) and (judged.score, judged.tokens > 0) == (score, True)
    assert 0 <= judged.value <= 1


def test_a_budget_below_the_question_is_refused() -> None:
    with pytest.raises(InputError, match="budget = 20: the question without documents"):
        climbed(budget=20)
