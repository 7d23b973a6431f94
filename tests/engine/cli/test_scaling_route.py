"""`scaling ask --preset`: which requests follow from the options, and when a question goes on to the next one."""

import pytest

from engine.cli.scaling_route import RoutedQuestion, Routing, escalating_settings, in_words, request_of, routing_of
from engine.errors import InputError
from engine.events import Allocation, QualityJudged
from engine.methods.drag.config import DragConfig
from engine.methods.escalating.presets import PRESETS, bound_over_index, of_preset, within_budget
from tests.allocations import scaling_answer

OWN = Allocation(3, 1, 2)


def asked(preset: str = "", budget: int | None = None) -> Allocation:
    routing = routing_of(preset, budget, None, None, None)
    return request_of(routing, "What came after the flood?", OWN, "builtin").allocation


def test_presets_rules_and_settings_are_requests() -> None:
    assert asked("medium") == PRESETS["medium"]
    assert asked("keywords", 6_000) == Allocation(5, 16, 2)
    assert asked(budget=100) == OWN
    assert not routing_of("", None, None, 1.0, 2.0).is_wanted


def test_escalation_is_a_method_with_the_settings_of_the_question() -> None:
    routing = routing_of("medium", 4_000, 0.7, None, None, "self_reflect")
    own = escalating_settings(routing, {"k": 3, "n": 2, "retrieval": "dense", "stop_above": 1.0})
    assert own == {
        "retrieval": "dense", "escalate_below": 0.7, "quality": "self_reflect", "first": "medium", "budget": 4_000
    }  # fmt: skip


def test_a_fit_without_a_sweep_is_refused() -> None:
    with pytest.raises(InputError, match="there is no sweep yet"):
        asked("fit")


@pytest.mark.parametrize(
    ("preset", "budget", "escalate", "quality", "said"),
    [("huge", None, None, "", "preset = huge"), ("", 0, None, "", "budget = 0"), ("", None, 1.5, "", "escalate = 1.5"),
     ("fit", None, 0.5, "", "goes through presets"), ("", None, None, "self_reflect", "--escalate goes by"),
     ("", None, 0.5, "none", "quality = none")],
)  # fmt: skip
def test_options_that_mean_nothing_are_refused(
    preset: str, budget: int | None, escalate: float | None, quality: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        routing_of(preset, budget, escalate, None, None, quality)


def test_what_was_read_before_counts_with_what_judging_took() -> None:
    question, bound = RoutedQuestion(Routing("", 4_000, 0.95, None)), bound_over_index(20, 10, 16)
    for name, escalates in (("small", True), ("medium", False)):
        question.take(within_budget(of_preset(name), 10**6, bound))  # type: ignore[arg-type]
        question.take(scaling_answer("Nyby", DragConfig(k=1, m=0)))
        judged = QualityJudged(name, "self_reflect", 0.5, 0.95, escalates, 40)  # type: ignore[arg-type]
        question.take(judged)
    assert in_words(judged) == "self-reflection 0.50, below 0.95, judged with 40 tokens"
    price = question.priced()
    assert price is not None and price.effective_context == 680
    assert price.budget_utilization == pytest.approx(680 / 4_000)
    assert len(question.summary()["judged"]) == 2  # type: ignore[arg-type]
