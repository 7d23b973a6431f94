"""What a pilot would save at prices that the user names: target calls, time and energy of a comparison.

* imports neither Qt nor torch. Nothing is estimated that was not measured."""

from typing import NamedTuple

from engine.errors import InputError
from engine.events import LaneFigures
from engine.reports.shown_text import one_line

_MILLION = 1_000_000
_MS_PER_HOUR, _J_PER_KWH = 3_600_000.0, 3_600_000.0
LONGEST_CURRENCY = 8


class Prices(NamedTuple):
    """What the user pays; None where it is not named. per_million_tokens: elsewhere, to compare with."""

    per_kwh: float | None = None
    per_gpu_hour: float | None = None
    per_million_tokens: float | None = None
    currency: str = "EUR"

    @property
    def named(self) -> bool:
        """Whether there is any price."""
        return any(price is not None for price in self[:3])


class PilotSummary(NamedTuple):
    """What a million new tokens cost with plain decoding and with a lane; None where it was not measured or priced."""

    lane: str
    plain_calls: float
    calls: float | None
    plain_hours: float | None
    hours: float | None
    plain_kwh: float | None
    kwh: float | None
    prices: Prices

    @property
    def plain_cost(self) -> float | None:
        """The cost with plain decoding."""
        return _cost(self.plain_hours, self.plain_kwh, self.prices)

    @property
    def cost(self) -> float | None:
        """The cost with the lane."""
        return _cost(self.hours, self.kwh, self.prices)


def check(prices: Prices) -> Prices:
    """The prices if they are usable. Raises InputError naming the price."""
    names = ("per kWh", "per GPU hour", "per million tokens")
    for name, price in zip(names, prices[:3], strict=True):
        if price is not None and not 0 <= price < 1e12:
            raise InputError(f"the price {name} is {price}: must be a number from 0 on", "enter what you pay")
    if not prices.currency.strip() or len(prices.currency) > LONGEST_CURRENCY:
        raise InputError(f"{one_line(prices.currency)!r} is no currency", "write for instance EUR")
    return prices


def summarise(plain: LaneFigures, lane: LaneFigures, prices: Prices) -> PilotSummary:
    """What a lane costs beside plain decoding, for a million new tokens; what only one of them measured is unknown."""
    plain_hours, hours = _both(plain.ms_per_token, lane.ms_per_token, _MS_PER_HOUR)
    plain_kwh, kwh = _both(plain.joules_per_token, lane.joules_per_token, _J_PER_KWH)
    calls = _MILLION / lane.tau if lane.tau else None
    return PilotSummary(lane.lane, float(_MILLION), calls, plain_hours, hours, plain_kwh, kwh, prices)


def lines(summary: PilotSummary) -> tuple[str, ...]:
    """The summary in words, a sentence each."""
    return tuple(filter(None, (
        _calls_line(summary), _hours_line(summary), _energy_line(summary), _cost_line(summary),
        _elsewhere_line(summary),
        "Measured one sequence at a time and without prefill; a server that batches requests spends less on each.",
    )))  # fmt: skip


def _both(plain: float | None, lane: float | None, unit: float) -> tuple[float | None, float | None]:
    """Amounts per token as those of a million, in a larger unit."""
    return (None, None) if plain is None or lane is None else (plain * _MILLION / unit, lane * _MILLION / unit)


def _cost(hours: float | None, kwh: float | None, prices: Prices) -> float | None:
    """The priced parts together; None where nothing that is priced was measured."""
    parts = [
        amount * price
        for amount, price in ((hours, prices.per_gpu_hour), (kwh, prices.per_kwh))
        if amount is not None and price is not None
    ]
    return sum(parts) if parts else None


def _calls_line(summary: PilotSummary) -> str:
    if summary.calls is None:
        return ""
    saved = 1 - summary.calls / summary.plain_calls
    calls = f"{summary.calls:,.0f} target calls in place of {summary.plain_calls:,.0f}"
    return f"A million new tokens take {calls} ({_change(saved)})."


def _hours_line(summary: PilotSummary) -> str:
    if summary.hours is None or not summary.plain_hours:
        return ""
    saved = 1 - summary.hours / summary.plain_hours
    return f"They take {summary.hours:.2f} hours of decoding in place of {summary.plain_hours:.2f} ({_change(saved)})."


def _energy_line(summary: PilotSummary) -> str:
    if summary.kwh is None or not summary.plain_kwh:
        return "Energy could not be measured here, so no saving of energy is claimed."
    saved = 1 - summary.kwh / summary.plain_kwh
    return f"They take {summary.kwh:.3f} kWh in place of {summary.plain_kwh:.3f} ({_change(saved)})."


def _cost_line(summary: PilotSummary) -> str:
    if summary.cost is None or summary.plain_cost is None:
        return ""
    money = one_line(summary.prices.currency)
    difference = summary.plain_cost - summary.cost
    verb = "saves" if difference >= 0 else "costs a further"
    return (
        f"At your prices ({_named(summary)}) they cost {summary.cost:,.2f} {money} in place of "
        f"{summary.plain_cost:,.2f} {money}: drafting {verb} {abs(difference):,.2f} {money} a million tokens."
    )


def _named(summary: PilotSummary) -> str:
    """The prices that the cost is made of."""
    money, prices = one_line(summary.prices.currency), summary.prices
    hour = prices.per_gpu_hour is not None and summary.hours is not None
    energy = prices.per_kwh is not None and summary.kwh is not None
    parts = ((hour, prices.per_gpu_hour, "an hour"), (energy, prices.per_kwh, "a kWh"))
    return " and ".join(f"{price:g} {money} {unit}" for used, price, unit in parts if used)


def _elsewhere_line(summary: PilotSummary) -> str:
    price, money = summary.prices.per_million_tokens, one_line(summary.prices.currency)
    if price is None:
        return ""
    if summary.cost is None:
        return f"You named {price:,.2f} {money} a million tokens elsewhere; name a price of an hour to compare with it."
    return f"Elsewhere a million tokens cost you {price:,.2f} {money}, here {summary.cost:,.2f} {money}."


def _change(saved: float) -> str:
    return f"{100 * saved:.0f} % less" if saved >= 0 else f"{-100 * saved:.0f} % more"
