"""The cost figures of an answer: what it read, how far it used its budget, what that gains, and what it costs."""

from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QHeaderView, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.widgets.labels import plain_label
from app.widgets.number_box import NumberBox
from app.widgets.tables import FigureTable, alignment
from app.words import quantities
from app.workspaces.scaling.record import ScalingRecord
from app.workspaces.scaling.words import tr
from engine.events import Allocation, ScalingAnswered, SweepMeasured

_MOST_PRICE = 1e6
_MILLION = 1e6


class TokenPrices(NamedTuple):
    """What a million tokens cost; 0 where no price was entered."""

    read: float = 0.0
    written: float = 0.0


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
        boxes = QHBoxLayout()
        boxes.setSpacing(theme.GRID)
        for box, title in ((self.read, self.tr("read")), (self.written, self.tr("written"))):
            boxes.addWidget(plain_label(title, self))
            boxes.addWidget(box, 1)
        form.addRow(plain_label(self.tr("A million tokens"), self), boxes)
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
        self.read.setValue(prices.read)
        self.written.setValue(prices.written)

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
    answered = record.answered
    k, m = ("", "") if answered is None else (f"{answered.k:,}", f"{answered.m:,}")
    if record.routed is not None:
        k, m = f"{record.routed.allocated.k:,}", f"{record.routed.allocated.m:,}"
    unknown = quantities.UNKNOWN
    return (
        CostFigure(
            tr("Effective context length"), unknown if answered is None else f"{answered.effective_context:,}",
            tr("Input tokens over all calls of the question; what was written and retrieval are not counted."),
        ),
        CostFigure(
            tr("Budget used"), unknown if answered is None else f"{answered.effective_context / max(1, budget):.0%}",
            tr("Effective context length over the budget above."),
        ),
        CostFigure(
            tr("Iterations"), unknown if answered is None else f"{answered.n_iterations:,}",
            tr("Follow-up questions that were asked, at most n."),
        ),
        CostFigure(tr("Documents k, allocated"), k or unknown, tr("Documents for each query.")),
        CostFigure(tr("Demonstrations m, allocated"), m or unknown, tr("Demonstrations, each with k documents.")),
        CostFigure(
            tr("Scaling efficiency"), _efficiency(answered, sweep),
            tr("Points of accuracy per 1,000 tokens over the question alone, of this setting in the sweep."),
        ),
        CostFigure(
            tr("Cost"), _cost(answered, prices), tr("At the prices below, for what was read and written."),
        ),
    )  # fmt: skip


def _efficiency(answered: ScalingAnswered | None, sweep: SweepMeasured | None) -> str:
    if answered is None or sweep is None:
        return quantities.UNKNOWN
    for cell, value in zip(sweep.cells, sweep.efficiency, strict=False):
        if cell.allocation == Allocation(answered.k, answered.m, answered.n):
            return quantities.UNKNOWN if value is None else f"{value:+.2f}"
    return quantities.UNKNOWN


def _cost(answered: ScalingAnswered | None, prices: TokenPrices) -> str:
    if answered is None or not any(prices):
        return quantities.UNKNOWN
    cost = (answered.effective_context * prices.read + answered.output_tokens * prices.written) / _MILLION
    return f"{cost:.6f}"
