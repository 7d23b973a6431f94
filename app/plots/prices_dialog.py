"""Asks for the prices of a report's pilot summary; every field may stay empty."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from app import theme
from app.text.plain_text import one_line
from app.widgets.labels import plain_label
from app.widgets.number_box import NumberBox
from engine.reports.pilot import LONGEST_CURRENCY, Prices

_MOST, _WIDTH = 1e6, 52 * theme.GRID
# Below any price: the field is empty.
_NOTHING = -0.01


class PricesDialog(QDialog):
    """`named`: the prices, where the user goes on to save the report."""

    named = Signal(object)

    def __init__(self, prices: Prices, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Save report"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.per_kwh = self._box(prices.per_kwh, self.tr("What a kilowatt-hour costs you"))
        self.per_hour = self._box(prices.per_gpu_hour, self.tr("What an hour of this machine costs you"))
        self.per_million = self._box(prices.per_million_tokens, self.tr("What a million tokens cost you elsewhere"))
        self.currency = QLineEdit(one_line(prices.currency), self)
        self.currency.setMaxLength(LONGEST_CURRENCY)
        self.currency.setAccessibleName(self.tr("Currency"))
        self._lay_out()

    def prices(self) -> Prices:
        """What is entered; an empty currency is the usual one."""
        return Prices(
            _price(self.per_kwh),
            _price(self.per_hour),
            _price(self.per_million),
            self.currency.text().strip() or Prices().currency,
        )

    def _box(self, price: float | None, meaning: str) -> NumberBox:
        box = NumberBox(self)
        box.setDecimals(4)
        box.setRange(_NOTHING, _MOST)
        box.setSpecialValueText(self.tr("not named"))
        box.setSingleStep(0.1)
        box.setValue(_NOTHING if price is None else price)
        box.setAccessibleName(meaning)
        box.setToolTip(meaning)
        return box

    def _lay_out(self) -> None:
        text = self.tr(
            "With prices the report says what a pilot would save: time, energy and money a million tokens."
            " Leave them out to save it without."
        )
        form = QFormLayout()
        form.addRow(self.tr("A kWh"), self.per_kwh)
        form.addRow(self.tr("An hour of this machine"), self.per_hour)
        form.addRow(self.tr("A million tokens elsewhere"), self.per_million)
        form.addRow(self.tr("Currency"), self.currency)
        buttons = QDialogButtonBox(self)
        go_on = buttons.addButton(self.tr("Choose a file…"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        go_on.setDefault(True)
        buttons.accepted.connect(self._go_on)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(theme.GRID)
        column.addWidget(plain_label(text, self, wraps=True))
        column.addLayout(form)
        column.addWidget(buttons)
        self.setMinimumWidth(_WIDTH)

    def _go_on(self) -> None:
        prices = self.prices()
        self.accept()
        self.named.emit(prices)


def _price(box: NumberBox) -> float | None:
    return box.value() if box.value() >= 0 else None
