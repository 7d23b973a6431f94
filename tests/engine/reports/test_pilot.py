import pytest

from engine.errors import InputError
from engine.events import LaneFigures
from engine.reports.pilot import Prices, check, lines, summarise


def lane(name: str, ms: float | None, tau: float | None = None, joules: float | None = None) -> LaneFigures:
    return LaneFigures(name, name, 4, "speculative", 4, 100, tau=tau, ms_per_token=ms, joules_per_token=joules)


def test_costs_are_hours_and_energy_at_the_named_prices() -> None:
    prices = Prices(per_kwh=0.36, per_gpu_hour=3.6)
    summary = summarise(lane("plain", 20.0, 1.0, 2.0), lane("a", 10.0, 4.0, 1.0), prices)
    assert summary.calls == 250_000
    assert summary.plain_cost == pytest.approx(20.0 + 0.2)
    assert summary.cost == pytest.approx(10.0 + 0.1)
    assert "saves 10.10 EUR a million tokens" in " ".join(lines(summary))


def test_energy_that_was_not_measured_saves_nothing_and_costs_nothing() -> None:
    for plain, other in ((None, None), (2.0, None), (None, 1.0)):
        both = lane("plain", 20.0, 1.0, plain), lane("a", 10.0, 4.0, other)
        summary = summarise(*both, Prices(per_kwh=1.0))
        assert summary.cost is None and summary.kwh is None
        assert any("no saving of energy is claimed" in line for line in lines(summary))


def test_a_loss_is_called_one() -> None:
    text = " ".join(lines(summarise(lane("plain", 10.0, 1.0), lane("a", 11.0, 1.2), Prices(per_gpu_hour=1.0))))
    assert "10 % more" in text and "costs a further" in text


def test_a_price_elsewhere_needs_a_price_here() -> None:
    both = lane("plain", 20.0, 1.0), lane("a", 10.0, 4.0)
    alone = " ".join(lines(summarise(*both, Prices(per_million_tokens=5.0))))
    assert "name a price of an hour" in alone
    together = " ".join(lines(summarise(*both, Prices(per_gpu_hour=1.0, per_million_tokens=5.0, currency="CHF"))))
    assert "Elsewhere a million tokens cost you 5.00 CHF, here 2.78 CHF." in together


@pytest.mark.parametrize("price", [-1.0, float("nan"), float("inf"), 1e15])
def test_an_impossible_price_is_refused(price: float) -> None:
    with pytest.raises(InputError, match="per kWh"):
        check(Prices(per_kwh=price))


@pytest.mark.parametrize("currency", ["", " ", "x" * 50])
def test_an_impossible_currency_is_refused(currency: str) -> None:
    with pytest.raises(InputError, match="currency"):
        check(Prices(per_kwh=1.0, currency=currency))
