"""What a question took, at entered prices."""

import pytest

from engine.allocation.prices import TokenPrices, checked_prices, priced
from engine.errors import InputError
from engine.events import Allocation
from engine.methods.drag.config import DragConfig
from tests.allocations import scaling_answer

ANSWER = scaling_answer("Nyby", DragConfig(k=2, m=1))


def test_tokens_of_the_budget_and_money_are_stated() -> None:
    event = priced(ANSWER, Allocation(2, 1, 1), 1000, TokenPrices(2.0, 10.0), (100, 3))
    assert (event.effective_context, event.budget_utilization) == (400, 0.4)
    assert event.cost == pytest.approx((400 * 2 + 8 * 10) / 1e6)
    bare = priced(ANSWER, Allocation(2, 1, 1), None, None)
    assert bare.cost is None and bare.budget_utilization is None


def test_prices_come_together_and_are_none_below_zero() -> None:
    assert checked_prices(None, None) is None
    assert checked_prices(0.0, 1.5) == TokenPrices(0.0, 1.5)
    for pair in ((1.0, None), (-1.0, 1.0), (float("nan"), 1.0), (1.0, 1e308)):
        with pytest.raises(InputError, match=r"(in|out)put-price"):
            checked_prices(*pair)
