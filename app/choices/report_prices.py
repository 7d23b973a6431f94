"""Keeps the prices of a report's pilot summary between sessions."""

from math import isfinite

from PySide6.QtCore import QSettings

from engine.errors import InputError
from engine.reports.pilot import Prices, check

_GROUP = "report"
_FIELDS = ("per_kwh", "per_gpu_hour", "per_million_tokens")


def save(settings: QSettings, prices: Prices) -> None:
    """Save the prices; one that is not named is removed."""
    for field, price in zip(_FIELDS, prices[:3], strict=True):
        if price is None:
            settings.remove(f"{_GROUP}/{field}")
        else:
            settings.setValue(f"{_GROUP}/{field}", price)
    settings.setValue(f"{_GROUP}/currency", prices.currency)


def restore(settings: QSettings) -> Prices:
    """The saved prices; those that are damaged are left out."""
    per_kwh, per_gpu_hour, per_million = (_price(settings.value(f"{_GROUP}/{field}")) for field in _FIELDS)
    prices, currency = Prices(per_kwh, per_gpu_hour, per_million), settings.value(f"{_GROUP}/currency")
    try:
        return check(prices._replace(currency=currency)) if isinstance(currency, str) else prices
    except InputError:
        return prices


def _price(stored: object) -> float | None:
    try:
        price = float(stored) if isinstance(stored, str | int | float) else None
    except ValueError:
        return None
    return price if price is not None and isfinite(price) and 0 <= price < 1e9 else None
