"""Map of the scores over documents and demonstrations, for a number of iterations, with the best one in the budget."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots import export
from app.plots.export import Column, Table
from app.plots.export_menu import ExportMenu
from app.plots.heat_canvas import HeatCanvas, HeatCell, HeatGrid
from app.state.store import RunStore
from app.widgets.labels import ElasticLine, plain_label
from app.widgets.steady_box import SteadyBox
from app.words.counts import count
from app.workspaces.scaling import words
from app.workspaces.scaling.sweeping import SweepProgress
from app.workspaces.scaling.words import tr
from engine.events import Allocation, AnswerMetric, Event, MeasuredCell, PredictedCell
from engine.runs.summary import Summary


class AllocationCell(NamedTuple):
    """What is known of a setting: measured, predicted, or both."""

    measured: MeasuredCell | None
    predicted: PredictedCell | None

    def score(self, metric: AnswerMetric) -> float | None:
        """Return the measured score, else the predicted one."""
        if self.measured is not None:
            return self.measured.score(metric)
        return None if self.predicted is None else self.predicted.predicted

    @property
    def context(self) -> float:
        """The longest context of a question."""
        if self.measured is not None:
            return float(self.measured.max_context)
        return 0.0 if self.predicted is None else self.predicted.max_context


class AllocationMapPanel(Panel):
    """`allocation_asked`: a setting is to be used, by click or Enter on its cell."""

    allocation_asked = Signal(Allocation)
    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn = (-1, -1)
        self._title = self.tr("Documents k × demonstrations m")
        self.menu = ExportMenu(self._title, self, picture=self._picture, table=self.table, origin=lambda: "allocation")
        self.canvas = HeatCanvas(self.menu, self)
        self.canvas.setAccessibleName(self._title)
        self.canvas.picked.connect(self._on_picked)
        self.iterations = SteadyBox(self)
        self.iterations.setAccessibleName(self.tr("Iterations n of the map"))
        self.iterations.setToolTip(self.tr("Iterations at most; 1 is DRAG. The recommended one is shown at first."))
        self.iterations.activated.connect(lambda _row: self._show(keep=True))
        self.caption = ElasticLine(self, role="muted")
        self.caption.show_text(self.tr("Hatched: predicted; (…): over the budget; ★ best within."))
        self.words = plain_label(
            self.tr("Every setting of a sweep becomes a cell here, also those that a fit predicts. A click uses one."),
            self.canvas, role="muted", wraps=True,
        )  # fmt: skip
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        middle = QVBoxLayout(self.canvas)
        middle.addWidget(self.words)
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        title = ElasticLine(self, role="title")
        title.show_text(self._title)
        head.addWidget(title, 1)
        head.addWidget(plain_label(self.tr("n"), self))
        head.addWidget(self.iterations)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        column.addLayout(head)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.caption)
        self.setMinimumHeight(20 * theme.GRID)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the sweep, the fit or the budget has changed."""
        changes = self.store.tab(SweepProgress).changes
        if self._drawn != (changes, 0):
            self._drawn = (changes, 0)
            self._show(keep=False)

    def _show(self, *, keep: bool) -> None:
        """Show the map. keep: the number of iterations stays as it was chosen."""
        sweep = self.store.tab(SweepProgress)
        cells = known_cells(sweep)
        numbers = sorted({cell.n for cell in cells})
        self._offer(numbers, None if keep or sweep.recommended is None else sweep.recommended.allocation.n)
        n = self.iterations.currentData() or 1
        grid = painted(cells, n, sweep)
        self.canvas.show_grid(grid, _best_place(cells, n, sweep))
        self.words.setVisible(not cells)
        self.iterations.setEnabled(len(numbers) > 1)

    def _offer(self, numbers: Sequence[int], wanted: int | None) -> None:
        shown = [self.iterations.itemData(row) for row in range(self.iterations.count())]
        if shown != list(numbers):
            self.iterations.clear()
            for number in numbers:
                self.iterations.addItem(f"{number:,}", number)
            wanted = wanted or (numbers[-1] if numbers else None)
        if wanted is not None and wanted != self.iterations.currentData():
            self.iterations.setCurrentIndex(max(0, self.iterations.findData(wanted)))

    def _on_picked(self, row: int, column: int) -> None:
        n = self.iterations.currentData() or 1
        ks, ms = _axes(known_cells(self.store.tab(SweepProgress)), n)
        if row < len(ks) and column < len(ms):
            self.allocation_asked.emit(Allocation(ks[row], ms[column], n))

    def table(self) -> Table:
        """Return the content of a CSV file: every setting, measured or predicted."""
        sweep = self.store.tab(SweepProgress)
        cells = sorted(known_cells(sweep).items())
        metric = _metric(sweep)
        measured = [None if cell.measured is None else cell.measured.score(metric) for _, cell in cells]
        predicted = [None if cell.predicted is None else cell.predicted.predicted for _, cell in cells]
        return Table(
            (f"draftscope: {self._title}", sweep.scope),
            (
                *(Column(name, np.array([getattr(at, name) for at, _ in cells], dtype=np.float64)) for name in "kmn"),
                Column("measured", _figures(measured)),
                Column("predicted", _figures(predicted)),
                Column("longest context (tokens)", np.array([cell.context for _, cell in cells], dtype=np.float64)),
            ),
        )

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Finish an export under way."""
        self.menu.exporter.close()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "canvas"):
            self.canvas.update()

    def _picture(self, svg: bool) -> bytes:
        note = self.store.tab(SweepProgress).scope
        return export.as_svg(self, self._title, note) if svg else export.as_png(self, note)


def known_cells(sweep: SweepProgress) -> dict[Allocation, AllocationCell]:
    """Return what is known of every setting."""
    measured = {} if sweep.measured is None else {
        cell.allocation: cell for cell in sweep.measured.cells if cell.n_questions
    }  # fmt: skip
    predicted = {} if sweep.fitted is None else {cell.allocation: cell for cell in sweep.fitted.predictions}
    return {at: AllocationCell(measured.get(at), predicted.get(at)) for at in sorted({*measured, *predicted})}


def _axes(cells: Mapping[Allocation, AllocationCell], n: int) -> tuple[list[int], list[int]]:
    """The documents and demonstrations of which something is known with so many iterations."""
    own = [cell for cell in cells if cell.n == n]
    return sorted({cell.k for cell in own}), sorted({cell.m for cell in own})


def _metric(sweep: SweepProgress) -> AnswerMetric:
    return "accuracy" if sweep.fitted is None else sweep.fitted.metric


def _best_place(cells: Mapping[Allocation, AllocationCell], n: int, sweep: SweepProgress) -> tuple[int, int] | None:
    """The row and column of the recommended setting, if the map has its number of iterations."""
    if sweep.recommended is None or (best := sweep.recommended.allocation).n != n:
        return None
    ks, ms = _axes(cells, n)
    return ks.index(best.k), ms.index(best.m)


def painted(cells: Mapping[Allocation, AllocationCell], n: int, sweep: SweepProgress) -> HeatGrid:
    """Return the map for a number of iterations: rows are documents, columns demonstrations."""
    ks, ms = _axes(cells, n)
    metric = _metric(sweep)
    places = {(row, column): Allocation(k, m, n) for row, k in enumerate(ks) for column, m in enumerate(ms)}
    scores = [score for cell in cells.values() if (score := cell.score(metric)) is not None]
    low, high = min(scores, default=0.0), max(scores, default=1.0)
    shown = {}
    for place, at in places.items():
        if (cell := cells.get(at)) is not None and (score := cell.score(metric)) is not None:
            within = cell.context <= sweep.budget
            text = words.share(score)
            ways = (text,) if within else (f"({text})", text)
            strength = 0.15 + 0.85 * (score - low) / max(1e-9, high - low)
            shown[place] = HeatCell(ways, "good" if within else "muted", strength, cell.measured is not None)
    readings = {place: _reading(at, cells.get(at), sweep) for place, at in places.items()}
    return HeatGrid(tuple(f"k {k:,}" for k in ks), tuple(f"{m:,}" for m in ms), shown, readings, "m")


def _reading(at: Allocation, cell: AllocationCell | None, sweep: SweepProgress) -> str:
    """What is known of a setting, in words."""
    if cell is None:
        return tr("{0}: neither measured nor predicted").format(words.allocation(at))
    parts = []
    if cell.measured is not None:
        own = cell.measured
        score = words.share(own.score(_metric(sweep)))
        if own.accuracy_ci is not None and _metric(sweep) == "accuracy":
            score = f"{score} [{words.share(own.accuracy_ci.low)}, {words.share(own.accuracy_ci.high)}]"
        parts.append(tr("measured {0}").format(score))
        if own.n_demos_dropped:
            parts.append(tr("fewer demonstrations fitted in {0}").format(count(own.n_demos_dropped, "question")))
    if cell.predicted is not None:
        parts.append(tr("predicted {0}").format(words.share(cell.predicted.predicted)))
    parts.append(tr("longest context {0:,.0f}").format(cell.context))
    if cell.context > sweep.budget:
        parts.append(tr("over the budget"))
    return f"{words.allocation(at)}: {', '.join(parts)}"


def _figures(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
