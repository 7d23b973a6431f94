"""What a question took, in tokens of its budget and in money at entered prices.

* imports neither Qt nor torch."""

from typing import NamedTuple

from engine.errors import InputError
from engine.events import Allocation, QueryPriced, ScalingAnswered

# In any currency; beyond it the cost of a question would leave the range of numbers.
_MOST = 10**12


class TokenPrices(NamedTuple):
    """Money for a million tokens, in whatever currency was entered."""

    input: float
    output: float


def checked_prices(input_price: float | None, output_price: float | None) -> TokenPrices | None:
    """The prices that were entered, None without any. Raises InputError: one of them alone, or out of its bounds."""
    if input_price is None and output_price is None:
        return None
    for name, price in (("input-price", input_price), ("output-price", output_price)):
        if price is None or not 0 <= price <= _MOST:
            shown = "is missing" if price is None else f"= {price:g}: must be 0 to {_MOST:,}"
            raise InputError(f"{name} {shown}", "enter both, for a million tokens")
    return TokenPrices(input_price or 0.0, output_price or 0.0)


def priced(
    answer: ScalingAnswered,
    allocated: Allocation,
    budget: int | None,
    prices: TokenPrices | None,
    before: tuple[int, int] = (0, 0),
) -> QueryPriced:
    """Sum up a question. before: tokens read and written besides the answer, for instance by smaller presets."""
    read, written = answer.effective_context + before[0], answer.output_tokens + before[1]
    cost = None if prices is None else (read * prices.input + written * prices.output) / 1e6
    return QueryPriced(
        read,
        written,
        answer.n_iterations,
        allocated.k,
        allocated.m,
        None if budget is None else read / budget,
        cost,
    )
