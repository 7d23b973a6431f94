"""The Train tab: what is to be trained left, its curves and figures right; decides nothing."""

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSplitter, QVBoxLayout, QWidget

from app import theme
from app.panels.error import ErrorPanel
from app.state.store import RunStore
from app.workspaces.train.bar import TrainBarPanel
from app.workspaces.train.figures import TrainFiguresPanel
from app.workspaces.train.form import TrainFormPanel
from app.workspaces.train.messages import TrainMessagesPanel
from app.workspaces.train.plots import HeldOutPlot, LossPlot
from app.workspaces.train.record import TrainingRecord
from app.workspaces.train.training import TrainingRunProgress

_LEFT_WIDTH, _LOWER_HEIGHT = 40 * theme.GRID, 34 * theme.GRID


class TrainWorkspace(QWidget):
    """`use_asked`: a target and the folder of a drafter that was trained for it."""

    use_asked = Signal(str, str)

    def __init__(self, store: RunStore, target: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.form = TrainFormPanel(store, target, self)
        self.bar = TrainBarPanel(store, self)
        self.error = ErrorPanel(store, self)
        self.loss = LossPlot(store, self)
        self.alpha = HeldOutPlot(store, self)
        self.figures = TrainFiguresPanel(store, self)
        self.messages = TrainMessagesPanel(store, self)
        self._lay_out()
        self.bar.start_asked.connect(self.start)
        self.bar.hold_asked.connect(lambda held: store.tab(TrainingRunProgress).hold(held=held))
        self.bar.stop_asked.connect(store.cancel)
        self.bar.use_asked.connect(self.use_asked)
        self.form.changed.connect(self._follow)
        store.changed.connect(self._follow)
        for plot in (self.loss, self.alpha):
            plot.export_failed.connect(store.report)
        self._follow()

    def start(self) -> None:
        """Train what is chosen, where it can be."""
        if self.bar.start.isEnabled() and not self._store.tab(TrainingRunProgress).record.live:
            self._store.tab(TrainingRunProgress).begin(self.form.command())

    def show_setup_of(self, record: TrainingRecord) -> None:
        """Let the form say what a training was made with."""
        if record.command is not None:
            self.form.show_settings(record.command)

    def save(self, settings: QSettings) -> None:
        """Keep what is chosen."""
        self.form.save(settings)

    def restore(self, settings: QSettings) -> None:
        """Take up what was chosen last time."""
        self.form.restore(settings)

    def _follow(self) -> None:
        if self.isVisible():
            self.bar.show_reason(self.form.why_not())

    def _lay_out(self) -> None:
        left = QScrollArea(self)
        left.setWidget(self.form)
        left.setWidgetResizable(True)
        left.setFrameShape(QFrame.Shape.NoFrame)
        left.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        left.setFixedWidth(_LEFT_WIDTH)
        plots = QWidget(self)
        row = QHBoxLayout(plots)
        # A plot has a margin of its own: its title begins where the texts above and below do.
        row.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.loss, 1)
        row.addWidget(self.alpha, 1)
        lower = QSplitter(Qt.Orientation.Horizontal, self)
        lower.addWidget(self.figures)
        lower.addWidget(self.messages)
        lower.setChildrenCollapsible(False)
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.error)
        column.addWidget(self.bar)
        column.addWidget(plots, 1)
        lower.setFixedHeight(_LOWER_HEIGHT)
        column.addWidget(lower)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(left)
        whole.addWidget(middle, 1)
