"""Window that shows what a pair costs over contexts, draft lengths and batch sizes."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.error import ErrorPanel
from app.panels.verbs import Verbs
from app.state.store import RunStore
from app.widgets.labels import ElasticLine
from app.widgets.permission import allow
from app.widgets.progress_bar import CalmProgressBar
from app.workspaces.decode.measured_plots import BatchPlot, ContextPlot, GammaSpeedupPlot, GammaTimePlot
from app.workspaces.decode.measuring import MeasuringProgress
from engine.events import Event
from engine.runs.summary import Summary

_SIZE = (120 * theme.GRID, 84 * theme.GRID)


class MeasuredBarPanel(Panel):
    """The buttons Measure and Stop, and a line on the progress or the measurement on show."""

    start_asked = Signal()
    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, verbs: Verbs | None = None) -> None:
        super().__init__(store, parent)
        self.verbs = verbs or Verbs(store, self)
        self.state = ElasticLine(self)
        self.state.setAccessibleName(self.tr("State of the measurement"))
        self.progress = CalmProgressBar(self.tr("Progress of the measurement"), self)
        self.progress.setFixedSize(16 * theme.GRID, theme.GRID)
        self.start = QPushButton(self.tr("▶  Measure"), self)
        self.start.setProperty("primary", True)
        self.start.clicked.connect(self.start_asked)
        self.stop = QPushButton(self.tr("Stop"), self)
        self.verbs.follow(self.stop, "stop", self.tr("Stop; the points so far are kept (Esc)"))
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        row.setSpacing(theme.GRID)
        row.addWidget(self.state, 1)
        for widget in (self.progress, self.start, self.stop):
            row.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the state, the progress and the buttons."""
        progress, at = self.store.tab(MeasuringProgress), self.store.engine.progressed
        tip = self.tr("Measure the pair of the setup: target and a drafter that is a model")
        allow(self.start, self.store.may_start(), tip)
        self.progress.setVisible(progress.live)
        if progress.live:
            self.progress.show_progress(at)
        words = progress.status(at) if progress.live else progress.ended()
        self.state.show_text(words)
        self.state.setToolTip(words)


class MeasuredDialog(QDialog):
    """Non-modal, so the main window stays usable; after Escape closes it, a measurement continues."""

    start_asked = Signal()

    def __init__(self, store: RunStore, parent: QWidget, *, verbs: Verbs | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Context, γ and batch"))
        self.setModal(False)
        self.bar = MeasuredBarPanel(store, self, verbs=verbs)
        self.bar.start_asked.connect(self.start_asked)
        self.error = ErrorPanel(store, self, floats=False)
        self.plots = (
            ContextPlot(store, self), GammaTimePlot(store, self), BatchPlot(store, self), GammaSpeedupPlot(store, self),
        )  # fmt: skip
        grid = QGridLayout()
        grid.setContentsMargins(theme.GRID, 0, theme.GRID, theme.GRID)
        grid.setSpacing(2 * theme.GRID)
        for place, plot in enumerate(self.plots):
            grid.addWidget(plot, *divmod(place, 2))
            plot.export_failed.connect(store.report)
            plot.exported.connect(lambda path: store.tell(self.tr("exported to {0}").format(path)))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.error)
        column.addWidget(self.bar)
        column.addLayout(grid, 1)
        self.resize(*_SIZE)

    def show_beside(self) -> None:
        """Show the window, or bring it to the front."""
        self.show()
        self.raise_()
        self.activateWindow()
