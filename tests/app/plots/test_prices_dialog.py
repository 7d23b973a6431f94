"""Prices of a report are asked for, and may be left out."""

from PySide6.QtWidgets import QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from app.plots.prices_dialog import PricesDialog
from engine.reports.pilot import Prices


def test_prices_come_back_as_they_were_named_and_empty_ones_are_none(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    for prices in (Prices(), Prices(0.0, None, 2.5, "JPY")):
        dialog = PricesDialog(prices, parent)
        assert dialog.prices() == prices
    assert dialog.per_hour.text() == "not named" and dialog.per_million.text() == "2.5"
    dialog.currency.setText("  ")
    assert dialog.prices().currency == "EUR"


def test_going_on_names_the_prices_and_cancel_names_none(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    named: list[Prices] = []
    for go_on in (True, False):
        dialog = PricesDialog(Prices(), parent)
        dialog.named.connect(named.append)
        dialog.open()
        dialog.per_kwh.setValue(0.3)
        buttons = dialog.findChild(QDialogButtonBox)
        assert buttons is not None
        (buttons.accepted if go_on else buttons.rejected).emit()
    assert named == [Prices(per_kwh=0.3)]
