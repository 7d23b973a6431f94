"""Presets and classes as requests under a hard budget."""

import pytest

from engine.errors import InputError
from engine.events import Allocation, PredictedCell
from engine.methods.escalating.presets import (
    PRESETS,
    article_tokens,
    complexity_of,
    of_fit,
    of_keywords,
    of_preset,
    structural_bound,
    structure_tokens,
    within_budget,
)

BOUND = structural_bound(per_document=100, per_question=50, per_step=30)


def test_both_numbers_of_a_preset_are_stated_beside_its_label() -> None:
    tokens = [(article_tokens(cell), structure_tokens(cell)) for cell in PRESETS.values()]
    assert tokens == [(6_208, 25_920), (59_520, 872_576), (475_392, 26_640_640)]
    routed = within_budget(of_preset("medium"), 10**7, BOUND)
    assert (routed.label, routed.article_tokens, routed.structure_tokens) == ("~128k", 59_520, 872_576)
    assert routed.allocated == routed.requested and "reduced" not in routed.why


def test_the_budget_is_hard_and_demonstrations_go_first() -> None:
    for budget in (50, 60, 500, 4_000, 30_000):
        routed = within_budget(of_preset("large"), budget, BOUND)
        assert routed.bound_tokens == BOUND(routed.allocated) <= budget
        assert routed.requested == PRESETS["large"] and "reduced to the budget" in routed.why
    assert within_budget(of_preset("small"), 5_000, BOUND).allocated == Allocation(10, 2, 1)
    assert within_budget(of_preset("small"), 500, BOUND).allocated == Allocation(4, 0, 1)
    assert within_budget(of_preset("large"), 20_000, BOUND).allocated.n == 4
    assert within_budget(of_preset("large"), 3_000, BOUND).allocated == Allocation(29, 0, 1)
    with pytest.raises(InputError, match="the question without documents takes up to 50 tokens"):
        within_budget(of_preset("small"), 49, BOUND)


def test_more_of_anything_never_takes_fewer_tokens() -> None:
    cells = [Allocation(2, 1, 1), Allocation(2, 1, 2), Allocation(2, 2, 2), Allocation(3, 2, 2), Allocation(3, 2, 5)]
    bounds = [BOUND(cell) for cell in cells]
    assert bounds == sorted(bounds)


def test_the_keyword_rule_is_a_toy_and_says_so() -> None:
    assert complexity_of("Who built the harbour?") == ("simple", 0)
    assert complexity_of("What came after the flood?")[0] == "moderate"
    assert complexity_of("What was built after the mill, and then sold?")[0] == "complex"
    assert complexity_of("Who led the athenaeum?")[0] == "simple"
    request = of_keywords("What came after the flood?", 6_000)
    assert request.allocation == Allocation(5, 16, 2) and "toy" in request.why


def test_a_fit_is_a_request_too() -> None:
    request = of_fit(PredictedCell(Allocation(2, 0, 3), 0.71, 300, 410))
    assert (request.route, request.allocation) == ("fit", Allocation(2, 0, 3))
    assert "0.71" in request.why and "410" in request.why
