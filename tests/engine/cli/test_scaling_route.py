"""`scaling ask --preset`: which requests follow from the options, and when a question goes on to the next one."""

import pytest

from engine.allocation.presets import PRESETS, within_budget
from engine.cli.scaling_route import RoutedQuestion, Routing, bound_of, requests, routing_of
from engine.errors import InputError
from engine.events import Allocation, QualityJudged
from engine.methods.drag.config import DragConfig
from tests.allocations import scaling_answer

OWN = Allocation(3, 1, 2)


def asked(preset: str = "", budget: int | None = None, escalate: float | None = None) -> list[Allocation]:
    routing = routing_of(preset, budget, escalate, None, None)
    return [request.allocation for request in requests(routing, "What came after the flood?", OWN, "builtin")]


def test_presets_rules_and_settings_are_requests() -> None:
    assert asked("medium") == [PRESETS["medium"]]
    assert asked("keywords", 6_000) == [Allocation(5, 16, 2)]
    assert asked(budget=100) == [OWN]
    assert asked(escalate=0.5) == list(PRESETS.values())
    assert asked("medium", escalate=0.5) == [PRESETS["medium"], PRESETS["large"]]
    assert not routing_of("", None, None, 1.0, 2.0).is_wanted


def test_a_fit_without_a_sweep_is_refused() -> None:
    with pytest.raises(InputError, match="there is no sweep yet"):
        asked("fit")


@pytest.mark.parametrize(
    ("preset", "budget", "escalate", "said"),
    [("huge", None, None, "preset = huge"), ("", 0, None, "budget = 0"), ("", None, 1.5, "escalate = 1.5"),
     ("fit", None, 0.5, "goes through presets")],
)  # fmt: skip
def test_options_that_mean_nothing_are_refused(
    preset: str, budget: int | None, escalate: float | None, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        routing_of(preset, budget, escalate, None, None)


def test_a_question_goes_on_while_its_answer_looks_bad() -> None:
    routing = Routing("", 4_000, 0.95, None)
    question, bound = RoutedQuestion(routing), bound_of(20, 10, 16)
    judged: list[QualityJudged | None] = []
    for request in requests(routing, "Where?", OWN, "builtin"):
        question.begin(within_budget(request, 10**6, bound))
        question.take(scaling_answer("Nyby", DragConfig(k=1, m=0)))
        judged.append(question.judge())
    assert [(each.preset, each.escalates) for each in judged if each] == [
        ("small", True), ("medium", True), ("large", False)
    ]  # fmt: skip
    assert question.tokens == 900
    price = question.priced()
    assert price is not None and price.budget_utilization == pytest.approx(900 / 4_000)
    assert len(question.summary()["judged"]) == 3  # type: ignore[arg-type]


def test_a_good_answer_is_taken_and_nothing_is_judged_without_a_threshold() -> None:
    question = RoutedQuestion(Routing("", None, 0.5, None))
    question.begin(
        within_budget(next(requests(Routing("small", None, None, None), "", OWN, "")), 10**6, bound_of(9, 9, 9))
    )
    question.take(scaling_answer("Nyby", DragConfig(k=1, m=0)))
    judged = question.judge()
    assert judged is not None and not judged.escalates
    assert RoutedQuestion(Routing("small", None, None, None)).judge() is None
