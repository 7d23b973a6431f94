"""Plot of what a question's context is worth: the score of every cell against its effective context length."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.export import Table
from app.plots.panel import tr
from app.plots.series_plot import Series, SeriesPlot, SeriesPoint
from app.state.store import RunStore
from app.widgets.labels import ElasticLine
from app.words.counts import count
from app.workspaces.scaling import sweep_words
from app.workspaces.scaling.frontier import frontier, plateau
from app.workspaces.scaling.methods import EXAMPLES, FIT_MARK, method_of
from app.workspaces.scaling.sweeping import SweepProgress
from engine.events import AllocationFitted, AnswerMetric, Event, MeasuredCell, PredictedCell
from engine.runs.summary import Summary

_NAMED = (10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


class AccuracyPlot(SeriesPlot):
    """A line joins the cells of a method that no shorter one equals; the others are marks alone. A click chooses a
    cell."""

    least = most = 1.0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Accuracy against effective context length"),
            caption="", axis=tr("accuracy"), bottom=tr("tokens (log)"),
            empty=tr("Sweep: each method's accuracy over the tokens it reads appears here, and the fitted model."),
        )  # fmt: skip
        self._at: tuple[int, int] = (-1, -1)
        self.budget = pg.InfiniteLine(angle=90, movable=False, label=tr("budget"), labelOpts={"position": 0.08})
        self.plot.addItem(self.budget)
        self.budget.setVisible(False)
        self.recolour()
        # Below the marks, which leave no room for it.
        self.plateau = ElasticLine(self, role="muted")
        if (column := self.layout()) is not None:
            column.addWidget(self.plateau)
        self._show_words(store.tab(SweepProgress))

    def tip(self) -> str:
        """Return what mouse and keys do."""
        return tr("Point or ← → to read a cell, click to choose its setting; right-click or Shift+F10 export.")

    def is_chosen(self, series: Series) -> bool:
        """Return whether a series joins the best cells of a method, or is the fit."""
        return series.joined and not series.predicted

    def named_xs(self) -> Sequence[float]:
        """Return round numbers within the measured contexts."""
        if not self.xs:
            return ()
        return [x for x in _NAMED if self.xs[0] / 1.5 <= x <= 1.5 * self.xs[-1]] or self.xs[:1]

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the sweep, the fit or the budget has changed."""
        sweep = self.store.tab(SweepProgress)
        if self._drawn == (sweep.changes,):
            return
        self._drawn = (sweep.changes,)
        metric = self._metric
        self.plot.setLabel("left", sweep_words.metric_name(metric))
        self.show_series((*self._measured(sweep, metric), *_fit(sweep.fitted)))
        self.budget.setVisible(bool(self.series))
        self.budget.setValue(self.place(sweep.budget))
        self._show_words(sweep)

    def _show_words(self, sweep: SweepProgress) -> None:
        self.caption.show_text(legend(sweep))
        self.plateau.show_text(plateau_words(sweep))

    @property
    def _metric(self) -> AnswerMetric:
        fitted = self.store.tab(SweepProgress).fitted
        return "accuracy" if fitted is None else fitted.metric

    def _measured(self, sweep: SweepProgress, metric: AnswerMetric) -> list[Series]:
        cells = [] if sweep.measured is None else [cell for cell in sweep.measured.cells if cell.n_questions]
        return [series for each in EXAMPLES for series in _series(method_of(each).key, cells, metric)]

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint series and budget anew in the colours of the palette."""
        super().paint_items(colours)
        if hasattr(self, "budget"):
            self.budget.setPen(pg.mkPen(colours.accent, style=Qt.PenStyle.DashLine))
            self.budget.label.setColor(colours.accent)

    def choose(self, x: float) -> None:
        """Point at the best cell of a context length."""
        sweep = self.store.tab(SweepProgress)
        cells = [] if sweep.measured is None else [cell for cell in sweep.measured.cells if cell.mean_context == x]
        if cells:
            sweep.pick(max(cells, key=lambda cell: cell.score(self._metric)).allocation)

    def table(self) -> Table:
        """Return the content of a CSV file of the plot."""
        return Table((f"draftscope: {self.title}", self.store.tab(SweepProgress).scope), self.columns())

    def note(self) -> str:
        """Return which mark is which method, and what the figures hold for."""
        methods = [method_of(each) for each in EXAMPLES]
        shown = {series.key for series in self.series}
        marks = "   ".join(f"{each.mark.glyph} {each.name}" for each in methods if each.key in shown)
        return f"{marks}\n{self.store.tab(SweepProgress).scope}"

    def origin(self) -> str:
        """Return what tells the exported file apart."""
        started = self.store.tab(SweepProgress).started
        return "" if started is None else f"sweep-{started.n_questions}"


def _series(key: str, cells: Sequence[MeasuredCell], metric: AnswerMetric) -> list[Series]:
    """The best cells of a method, joined, and its others as marks alone."""
    own = [cell for cell in cells if method_of(cell.allocation).key == key]
    if not own:
        return []
    best, method = frontier(own, metric), method_of(own[0].allocation)
    others = sorted((cell for cell in own if cell not in best), key=lambda cell: cell.mean_context)
    series = [Series(key, method.mark, tuple(_point(cell, metric) for cell in best), name=method.name)]
    if others:
        points = tuple(_point(cell, metric)._replace(reach=None) for cell in others)
        name = tr("{0}, other cells").format(method.name)
        series.append(Series(key, method.mark, points, name=name, joined=False))
    return series


def _point(cell: MeasuredCell, metric: AnswerMetric) -> SeriesPoint:
    return SeriesPoint(cell.mean_context, cell.score(metric), cell.accuracy_ci if metric == "accuracy" else None)


def _fit(fitted: AllocationFitted | None) -> list[Series]:
    """The best that the fit predicts for each context, as a line."""
    if fitted is None:
        return []
    points: list[SeriesPoint] = []
    within = [cell for cell in fitted.predictions if not cell.extrapolates]
    for cell in sorted(within, key=lambda cell: (cell.mean_context, -cell.predicted)):
        if not points or cell.predicted > points[-1].value:
            points.append(_predicted(cell))
    return [Series("fit", FIT_MARK, tuple(points), predicted=True, name=tr("fit"))] if points else []


def _predicted(cell: PredictedCell) -> SeriesPoint:
    return SeriesPoint(cell.mean_context, max(0.0, min(1.0, cell.predicted)))


def legend(sweep: SweepProgress) -> str:
    """Return which mark is which method."""
    cells = () if sweep.measured is None else sweep.measured.cells
    methods = {method_of(cell.allocation).key for cell in cells}
    marks = [f"{each.mark.glyph} {each.name}" for each in map(method_of, EXAMPLES) if each.key in methods]
    return "  ".join((*marks, *([tr("╌ fit")] if sweep.fitted is not None else [])))


def plateau_words(sweep: SweepProgress) -> str:
    """Return from which context on nothing is gained any more, here and in the paper."""
    cells = () if sweep.measured is None else sweep.measured.cells
    own = plateau(cells, "accuracy" if sweep.fitted is None else sweep.fitted.metric)
    here = tr("Plateau from {0}").format(count(own, "token")) if own is not None else tr("No plateau yet")
    return tr("{0}; in the paper RAG 10⁴, DRAG 10⁵, IterDRAG 10⁶").format(here)
