"""The cost figures of an answer: what it read, how far it used its budget, what that gains, and what it costs."""

from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QHeaderView, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.widgets.labels import plain_label
from app.widgets.number_box import NumberBox
from app.widgets.tables import FigureTable, alignment
from app.words import quantities
from app.workspaces.scaling.record import ScalingRecord
from app.workspaces.scaling.words import tr
from engine.allocation.prices import TokenPrices, priced
from engine.events import Allocation, ScalingAnswered, SweepMeasured

_MOST_PRICE = 1e6


class CostFigure(NamedTuple):
    """A figure, its value as it is shown, and what it means."""

    name: str
    value: str
    meaning: str


class CostFigures(QWidget):
    """`prices_changed`: other prices were entered. Figures stand as a table, which can be copied."""

    prices_changed = Signal()

    def __init__(self, store: RunStore, parent: QWidget) -> None:
        super().__init__(parent)
        self._drawn: tuple[CostFigure, ...] = ()
        self.table = FigureTable(0, 2, self, padding=theme.HALF)
        self.table.setAccessibleName(self.tr("Cost figures"))
        self.table.setHorizontalHeaderLabels([self.tr("figure"), self.tr("value")])
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        for column in range(2):
            if (item := self.table.horizontalHeaderItem(column)) is not None:
                item.setTextAlignment(alignment(is_text=not column))
        self.table.setSelectionMode(FigureTable.SelectionMode.NoSelection)
        offer_csv(self.table, store)
        self.read = self._price(self.tr("Price of a million tokens read"))
        self.written = self._price(self.tr("Price of a million tokens written"))
        form = QFormLayout()
        form.setHorizontalSpacing(theme.GRID)
        for box, title in ((self.read, self.tr("A million read")), (self.written, self.tr("A million written"))):
            form.addRow(plain_label(title, self), box)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        column_layout.setSpacing(theme.HALF)
        column_layout.addWidget(self.table, 1)
        column_layout.addLayout(form)

    @property
    def prices(self) -> TokenPrices:
        """What is entered."""
        return TokenPrices(self.read.value(), self.written.value())

    def set_prices(self, prices: TokenPrices) -> None:
        """Enter prices."""
        self.read.setValue(prices.input)
        self.written.setValue(prices.output)

    def show_record(self, record: ScalingRecord, budget: int, sweep: SweepMeasured | None) -> None:
        """Show the figures of an answer."""
        figures = cost_figures(record, budget, sweep, self.prices)
        if figures == self._drawn:
            return
        self._drawn = figures
        self.table.setRowCount(len(figures))
        for row, figure in enumerate(figures):
            for column, text in enumerate((figure.name, figure.value)):
                item = self.table.item(row, column)
                if item is None:
                    item = QTableWidgetItem()
                    item.setTextAlignment(alignment(is_text=not column))
                    self.table.setItem(row, column, item)
                item.setText(text)
                item.setToolTip(figure.meaning)

    def _price(self, name: str) -> NumberBox:
        box = NumberBox(self)
        box.setDecimals(4)
        box.setRange(0, _MOST_PRICE)
        box.setSpecialValueText(self.tr("none"))
        box.setSingleStep(0.1)
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.setFont(theme.tabular(box.font()))
        box.valueChanged.connect(lambda _value: self.prices_changed.emit())
        return box


def cost_figures(
    record: ScalingRecord, budget: int, sweep: SweepMeasured | None, prices: TokenPrices
) -> tuple[CostFigure, ...]:
    """Return the figures of an answer; — where they are not known."""
    answered, unknown = record.answered, quantities.UNKNOWN
    took = record.priced
    if took is None and answered is not None:
        allocated = Allocation(answered.k, answered.m, answered.n)
        took = priced(answered, allocated, budget, prices if any(prices) else None, record.before)
    if took is None:
        values = [unknown] * 7
    else:
        used, cost = took.budget_utilization, took.cost
        values = [
            f"{took.effective_context:,}", unknown if used is None else f"{used:.0%}", f"{took.iterations:,}",
            f"{took.docs_k:,}", f"{took.demos_m:,}", _efficiency(answered, sweep),
            unknown if cost is None else f"{cost:.6f}",
        ]  # fmt: skip
    return tuple(CostFigure(name, value, meaning) for (name, meaning), value in zip(_meanings(), values, strict=True))


def _meanings() -> tuple[tuple[str, str], ...]:
    return (
        (tr("Effective context length"), tr("Input tokens over all calls; what was written is not counted.")),
        (tr("Budget used"), tr("Effective context length over the budget above.")),
        (tr("Iterations"), tr("Follow-up questions that were asked, at most n.")),
        (tr("Documents k, allocated"), tr("Documents for each query.")),
        (tr("Demonstrations m, allocated"), tr("Demonstrations, each with k documents.")),
        (tr("Scaling efficiency"), tr("Points of accuracy per 1,000 tokens over the question alone, in the sweep.")),
        (tr("Cost"), tr("At the prices below, for what was read and written.")),
    )


def _efficiency(answered: ScalingAnswered | None, sweep: SweepMeasured | None) -> str:
    if answered is None or sweep is None:
        return quantities.UNKNOWN
    for cell, value in zip(sweep.cells, sweep.efficiency, strict=False):
        if cell.allocation == Allocation(answered.k, answered.m, answered.n):
            return quantities.UNKNOWN if value is None else f"{value:+.2f}"
    return quantities.UNKNOWN
