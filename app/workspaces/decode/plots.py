"""The column of plots of the Decode tab."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.panels.plots.acceptance import AcceptancePlot
from app.panels.plots.draft_length import DraftLengthPlot
from app.panels.plots.latency import LatencyPlot
from app.panels.plots.metric import MetricPlot
from app.panels.plots.positions import PositionsPlot
from app.panels.plots.speed import SpeedPlot
from app.panels.plots.tokens_per_round import TokensPerRoundPlot
from app.plots.panel import PlotPanel
from app.state.store import RunStore
from engine import methods


class DecodePlots(QWidget):
    """All plots, one above the other; those of a method's own metrics and of a policy only while they fit the run."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.acceptance = AcceptancePlot(store, self)
        self.tokens_per_round = TokensPerRoundPlot(store, self)
        self.latency = LatencyPlot(store, self)
        self.speed = SpeedPlot(store, self)
        self.positions = PositionsPlot(store, self)
        self.draft_length = DraftLengthPlot(store, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, theme.GRID)
        column.setSpacing(0)
        self.metrics = tuple(
            MetricPlot(store, method, metric, self)
            for method in methods.discover().values()
            if method.workspace == "decode"
            for metric in method.metrics
        )
        fixed = (self.acceptance, self.tokens_per_round, self.latency, self.speed, self.positions)
        self.all: tuple[PlotPanel, ...] = (*fixed, self.draft_length, *self.metrics)
        for plot in self.all:
            column.addWidget(plot, 1)
        column.insertWidget(column.indexOf(self.latency), self.draft_length, 1)  # beside what follows from it
        self._show_fitting()
        store.changed.connect(self._show_fitting)

    def _show_fitting(self) -> None:
        """Show the plots of the metrics that the method on show has, and that of its policy."""
        method = None if self._store.started is None else self._store.started.method
        self.draft_length.setVisible(bool(self._store.summary.policy))
        for plot in self.metrics:
            plot.setVisible(plot.method == method)
