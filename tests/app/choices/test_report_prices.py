"""Prices of a report are kept, and damaged ones left out."""

from pathlib import Path

from PySide6.QtCore import QSettings

from app.choices import report_prices
from engine.reports.pilot import Prices


def test_prices_are_kept_and_removed_again(tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    assert report_prices.restore(settings) == Prices()
    report_prices.save(settings, Prices(0.25, None, 2.0, "JPY"))
    settings.sync()
    again = QSettings(settings.fileName(), QSettings.Format.IniFormat)
    assert report_prices.restore(again) == Prices(0.25, None, 2.0, "JPY")
    report_prices.save(again, Prices(currency="USD"))
    assert report_prices.restore(again) == Prices(currency="USD")


def test_damaged_prices_are_left_out(tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    for name, value in (
        ("per_kwh", "nan"),
        ("per_gpu_hour", "-1"),
        ("per_million_tokens", "3"),
        ("currency", "x" * 99),
    ):
        settings.setValue(f"report/{name}", value)
    assert report_prices.restore(settings) == Prices(per_million_tokens=3.0)
