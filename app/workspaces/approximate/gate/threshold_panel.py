"""Panel of what the threshold does: predicted figures beside measured ones, the four kinds of tokens, reliability."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.text.plain_text import plain_tip
from app.widgets import tables
from app.widgets.labels import ElasticLine, plain_label
from app.widgets.splitters import split
from app.widgets.tables import FigureTable
from app.words import quantities
from app.workspaces.approximate.gate import figures, words
from app.workspaces.approximate.gate.reliability import ReliabilityPlot
from app.workspaces.approximate.state import ThresholdProgress
from engine.events import Event, GateConfusion
from engine.runs.summary import Summary

_SHARES = (45, 30, 25)
_PADDING = 3 * theme.GRID  # pixels of a column beside its widest text

_WIDEST = "0.000 [0.000, 0.000]"
_NO_TOKENS = GateConfusion(0.0, 0.0, 0.0, 0.0, 0.0)


class ThresholdPanel(Panel):
    """Drawn anew with every step of a drag: three small widgets, whose items are made once."""

    every_ms = 0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[object, ...] = ()
        self._card: object = self
        self.predictions = _table(
            self, self.tr("Predicted and measured"), len(figures.FIGURES),
            (self.tr("at the threshold"), self.tr("predicted"), self.tr("measured")),
        )  # fmt: skip
        self.kinds = _table(
            self, self.tr("Confusion table"), 4,
            (self.tr("held-out tokens"), self.tr("tokens"), self.tr("share")),
        )  # fmt: skip
        for table in (self.predictions, self.kinds):
            offer_csv(table, store)
        self.note = ElasticLine(self, role="muted")
        self.of_what = ElasticLine(self, role="muted")
        self.reliability = ReliabilityPlot(self)
        self.reliability.plane.export_failed.connect(store.report)
        self._lay_out()
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Recompute what the threshold does when it, the gate or the sweep has changed."""
        state = self.store.tab(ThresholdProgress)
        drawn = (state.gate, state.choice, state.threshold, state.version)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        card = state.gate.card
        if card is not self._card:
            self._card = card
            self.reliability.show_card(card)
        self.reliability.show_threshold(state.threshold)
        if card is None:
            self._show_nothing()
            return
        row, why_not = figures.measured(state, card)
        self._show_figures(figures.compared(figures.predicted(state, card), row))
        self.note.show_text(words.measured_note(why_not, state.threshold, tests_all=state.choice.tests_all))
        at = figures.confusion(card, state.threshold)
        for place, (name, meaning, share) in enumerate(words.kinds(at)):
            texts = (name, f"{share * card.n_rows:,.0f}", f"{share:.1%}")
            _fill(self.kinds, place, texts, meaning)
        self.of_what.show_text(words.held_out(card), words.held_out_short(card))
        _fit(self.kinds)

    def _show_figures(self, compared: dict[figures.FigureName, figures.Figure]) -> None:
        for place, (name, figure) in enumerate(compared.items()):
            texts = (
                words.figure_name(name), words.figure_value(name, figure.predicted),
                words.measured_value(name, figure),
            )  # fmt: skip
            _fill(self.predictions, place, texts, words.figure_meaning(name))
        _fit(self.predictions, _WIDEST)

    def _show_nothing(self) -> None:
        for row, name in enumerate(figures.FIGURES):
            _fill(self.predictions, row, (words.figure_name(name), quantities.UNKNOWN, quantities.UNKNOWN),
                  words.figure_meaning(name))  # fmt: skip
        for row, (kind, meaning, _) in enumerate(words.kinds(_NO_TOKENS)):
            _fill(self.kinds, row, (kind, quantities.UNKNOWN, quantities.UNKNOWN), meaning)
        _fit(self.predictions, _WIDEST)
        _fit(self.kinds)
        for line in (self.note, self.of_what):
            line.show_text("")

    def _lay_out(self) -> None:
        left, middle = QWidget(self), QWidget(self)
        for page, title, table, line in (
            (left, self.tr("Predicted and measured"), self.predictions, self.note),
            (middle, self.tr("Confusion table"), self.kinds, self.of_what),
        ):
            column = QVBoxLayout(page)
            column.setContentsMargins(theme.GRID, theme.GRID, theme.HALF, theme.HALF)
            column.setSpacing(theme.HALF)
            column.addWidget(plain_label(title, self, role="title"))
            column.addWidget(table, 1)
            column.addWidget(line)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(split(Qt.Orientation.Horizontal, (left, middle, self.reliability), _SHARES))


def _table(parent: QWidget, name: str, n_rows: int, titles: Sequence[str]) -> FigureTable:
    table = FigureTable(n_rows, len(titles), parent, padding=theme.HALF)
    table.setAccessibleName(name)
    table.setWordWrap(False)
    for place, title in enumerate(titles):
        item = QTableWidgetItem(title)
        item.setTextAlignment(tables.alignment(is_text=place == 0))
        table.setHorizontalHeaderItem(place, item)
        for row in range(n_rows):
            cell = QTableWidgetItem()
            cell.setTextAlignment(tables.alignment(is_text=place == 0))
            table.setItem(row, place, cell)
    return table


def _fit(table: FigureTable, last: str = "") -> None:
    """Every column as wide as its widest text; it grows and does not shrink, so that a drag moves nothing.

    last: a text for which the last column has room from the beginning."""
    metrics = table.fontMetrics()
    for place in range(table.columnCount()):
        items = [table.horizontalHeaderItem(place), *(table.item(row, place) for row in range(table.rowCount()))]
        texts = [item.text() for item in items if item is not None]
        widest = max(map(metrics.horizontalAdvance, (*texts, last if place == table.columnCount() - 1 else "")))
        if widest + _PADDING > table.columnWidth(place) or not table.property("fitted"):
            table.setColumnWidth(place, widest + _PADDING)
    table.setProperty("fitted", True)


def _fill(table: FigureTable, row: int, texts: Sequence[str], meaning: str) -> None:
    for place, text in enumerate(texts):
        _write(table, row, place, text, plain_tip(f"{texts[0]}: {', '.join(texts[1:])}\n{meaning}"))


def _write(table: FigureTable, row: int, place: int, text: str, tip: str) -> None:
    item = table.item(row, place)
    assert item is not None
    if item.text() != text:
        item.setText(text)
    if item.toolTip() != tip:
        item.setToolTip(tip)
