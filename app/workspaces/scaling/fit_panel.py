"""Panel of a sweep and its fit: every cell in a table, the coefficients beside the paper's, and the residuals."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots.export import Column, Table
from app.plots.plane import BOTH, Plane, Spot
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets.labels import ElasticLine
from app.widgets.splitters import split
from app.widgets.tables import FigureTable, alignment
from app.words import quantities
from app.workspaces.scaling import sweep_words, words
from app.workspaces.scaling.escalation_plot import EscalationPlot
from app.workspaces.scaling.methods import method_of
from app.workspaces.scaling.sweeping import SweepProgress
from engine.events import AllocationFitted, Event, MeasuredCell
from engine.runs.summary import Summary

_SHARES, _TABLE_SHARES, _PLOT_SHARES = (57, 43), (62, 38), (48, 52)


class FitPanel(Panel):
    """Rows are written anew only where the sweep or its fit has changed."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn = -1
        self.title = ElasticLine(self, strong=True)
        self.quality = ElasticLine(self)
        self.cautions = ElasticLine(self, role="bad")
        self.cells = self._table(self.tr("Cells of the sweep"), (
            (self.tr("cell"), self.tr("Documents k, demonstrations m, iterations n, with the mark of the method.")),
            (self.tr("score"), self.tr("Share of right answers, with its 95 % interval from ten questions on.")),
            (self.tr("predicted"), self.tr("What the fit says of it, this cell included.")),
            (self.tr("context"), self.tr("Effective context length of a question, on average.")),
            (self.tr("longest"), self.tr("Of the longest question: what a budget has to allow.")),
            (self.tr("per 1,000"), self.tr("Scaling efficiency: points of accuracy per 1,000 tokens.")),
            (self.tr("time"), self.tr(
                "A question, on average, without retrieval; ⚠ and the 99th percentile where that is over 10 s, or over"
                " 30 s from four iterations on."
            )),
        ))  # fmt: skip
        self.terms = self._table(self.tr("Coefficients of the fit"), (
            (self.tr("coefficient"), self.tr("Of the logarithm of documents, demonstrations and iterations.")),
            (self.tr("fitted"), self.tr("With its 95 % interval.")),
            (self.tr("paper"), self.tr("Of the paper's model, to compare with; nothing is computed with it.")),
        ))  # fmt: skip
        self.plane = Plane(
            self.tr("Measured against predicted"), (self.tr("predicted"), self.tr("measured")),
            self.tr("On the dashed line: as predicted. Cells left out, where that was tried."),
            self.tr("A fit appears here: every cell by what was predicted of it, and what was measured."), self,
            table=self.exported_table, note=self.title.text, shares=BOTH,
        )  # fmt: skip
        self.escalation = EscalationPlot(store, self)
        self._lay_out()
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the sweep or the fit has changed."""
        sweep = self.store.tab(SweepProgress)
        if sweep.changes == self._drawn:
            return
        self._drawn = sweep.changes
        self.title.show_text(sweep.scope or self.tr("No sweep yet: choose a grid and press Sweep"))
        fitted = sweep.fitted
        self.quality.show_text(_quality(sweep))
        cautions = [] if fitted is None else [*fitted.cautions, *([fitted.why_stale] if fitted.why_stale else [])]
        self.cautions.show_text(self.tr("⚠ {0}").format(" · ".join(map(one_line, cautions))) if cautions else "")
        _fill(self.cells, [_cell_texts(cell, sweep) for cell in _cells(sweep)])
        _fill(self.terms, [] if fitted is None else _term_texts(fitted))
        self.plane.show_spots(spots(fitted))
        self.plane.show_line((0.0, 1.0), (0.0, 1.0) if fitted is not None else (np.nan, np.nan))

    def exported_table(self) -> Table:
        """Return the content of a CSV file of the residuals."""
        fitted = self.store.tab(SweepProgress).fitted
        cells = [] if fitted is None else [cell for cell in fitted.predictions if cell.measured is not None]
        return Table(
            (f"draftscope: {self.tr('measured against predicted')}", self.title.text()),
            (
                *(Column(name, np.array([getattr(cell.allocation, name) for cell in cells], dtype=np.float64))
                  for name in "kmn"),
                Column("measured", np.array([cell.measured for cell in cells], dtype=np.float64)),
                Column("predicted", np.array([cell.predicted for cell in cells], dtype=np.float64)),
                Column("held out", np.array(
                    [np.nan if cell.held_out is None else cell.held_out for cell in cells], dtype=np.float64
                )),
            ),
        )  # fmt: skip

    def _table(self, name: str, heads: Sequence[tuple[str, str]]) -> FigureTable:
        table = FigureTable(0, len(heads), self, padding=theme.HALF)
        table.setAccessibleName(name)
        for column, (title, meaning) in enumerate(heads):
            item = QTableWidgetItem(title)
            item.setToolTip(meaning)
            item.setTextAlignment(alignment(is_text=not column))
            table.setHorizontalHeaderItem(column, item)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setStretchLastSection(True)  # a first one that stretches would vanish first
        offer_csv(table, self.store)
        return table

    def _lay_out(self) -> None:
        tables = split(Qt.Orientation.Vertical, (self.cells, self.terms), _TABLE_SHARES)
        plots = split(Qt.Orientation.Vertical, (self.plane, self.escalation), _PLOT_SHARES)
        across = split(Qt.Orientation.Horizontal, (tables, plots), _SHARES)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.HALF)
        for widget in (self.title, self.quality, self.cautions):
            column.addWidget(widget)
        column.addWidget(across, 1)


def spots(fitted: AllocationFitted | None) -> list[Spot]:
    """Return the measured cells by their prediction, held out where that was tried."""
    if fitted is None:
        return []
    return [
        Spot("", method_of(cell.allocation).mark, cell.predicted if cell.held_out is None else cell.held_out,
             cell.measured)
        for cell in fitted.predictions
        if cell.measured is not None
    ]  # fmt: skip


def _cells(sweep: SweepProgress) -> list[MeasuredCell]:
    cells = [] if sweep.measured is None else list(sweep.measured.cells)
    return sorted(cells, key=lambda cell: cell.mean_context)


def _cell_texts(cell: MeasuredCell, sweep: SweepProgress) -> tuple[str, ...]:
    metric = "accuracy" if sweep.fitted is None else sweep.fitted.metric
    name = f"{method_of(cell.allocation).mark.glyph} {words.allocation(cell.allocation)}"
    if not cell.n_questions:
        return name, one_line(cell.why_not, longest=60), *[""] * 5
    score = words.share(cell.score(metric))
    if cell.accuracy_ci is not None and metric == "accuracy":
        score = f"{score} [{words.share(cell.accuracy_ci.low)}, {words.share(cell.accuracy_ci.high)}]"
    predictions = () if sweep.fitted is None else sweep.fitted.predictions
    predicted = next((each.predicted for each in predictions if each.allocation == cell.allocation), None)
    return (
        name, score, words.share(predicted), f"{cell.mean_context:,.0f}", f"{cell.max_context:,}",
        _efficiency(cell, sweep), _time(cell),
    )  # fmt: skip


def _time(cell: MeasuredCell) -> str:
    mean = quantities.milliseconds(cell.latency_ms)
    return f"{mean} ⚠ {quantities.milliseconds(cell.p99_ms)}" if cell.is_slow else mean


def _efficiency(cell: MeasuredCell, sweep: SweepProgress) -> str:
    pairs = () if sweep.measured is None else zip(sweep.measured.cells, sweep.measured.efficiency, strict=False)
    value = next((value for each, value in pairs if each is cell), None)
    return quantities.UNKNOWN if value is None else f"{value:+.2f}"


def _quality(sweep: SweepProgress) -> str:
    if sweep.fitted is not None:
        return sweep_words.fit_quality(sweep.fitted)
    if sweep.why_no_fit:
        return sweep_words.tr("No fit: {0}").format(sweep.why_no_fit)
    return sweep_words.tr(
        "A fit says what documents, demonstrations and iterations are worth, and what to do with a budget."
    )


def _term_texts(fitted: AllocationFitted) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for term in fitted.terms:
        known = term.value is not None
        value = quantities.with_interval(term.value, term.ci, 3) if known else one_line(term.why_not, longest=60)
        rows.append((sweep_words.term_name(term), value, f"{term.paper:.3f}"))
    return rows


def _fill(table: FigureTable, rows: Sequence[Sequence[str]]) -> None:
    """Write the rows into a table; its items are made once and then reused."""
    table.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = table.item(row, column)
            if item is None:
                item = QTableWidgetItem()
                item.setTextAlignment(alignment(is_text=not column))
                table.setItem(row, column, item)
            if item.text() != text:
                item.setText(text)
                item.setToolTip(text if len(text) > 40 else "")
