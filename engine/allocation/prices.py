"""What a question took, in tokens of its budget and in money at entered prices.

* imports neither Qt nor torch."""

from typing import NamedTuple

from engine.errors import InputError
from engine.events import Allocation, QueryPriced, ScalingAnswered


class Prices(NamedTuple):
    """Money for a million tokens, in whatever currency was entered."""

    input: float
    output: float


def checked_prices(input_price: float | None, output_price: float | None) -> Prices | None:
    """The prices that were entered, None without any. Raises InputError: one of them alone, or below 0."""
    if input_price is None and output_price is None:
        return None
    for name, price in (("input-price", input_price), ("output-price", output_price)):
        if price is None or not 0 <= price < float("inf"):
            shown = "is missing" if price is None else f"= {price:g}: must be >= 0"
            raise InputError(f"{name} {shown}", "enter both, for a million tokens")
    return Prices(input_price or 0.0, output_price or 0.0)


def priced(
    answer: ScalingAnswered, allocated: Allocation, budget: int | None, prices: Prices | None, more_tokens: int = 0
) -> QueryPriced:
    """Sum up a question. more_tokens: read besides the answer, for instance by smaller presets before it."""
    read = answer.effective_context + more_tokens
    cost = None if prices is None else (read * prices.input + answer.output_tokens * prices.output) / 1e6
    return QueryPriced(
        read,
        answer.output_tokens,
        answer.n_iterations,
        allocated.k,
        allocated.m,
        None if budget is None else read / budget,
        cost,
    )
