"""The Train tab: the form for a training on the left, its curves and figures on the right."""

from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app import theme
from app.panels.error import ErrorPanel
from app.plots.report_saver import ReportSource
from app.state.verbs import Verb
from app.widgets.side_column import SideColumn
from app.workspaces.base import LastOpened, TabContext, Workspace
from app.workspaces.train.bar import TrainBarPanel
from app.workspaces.train.figures import TrainFiguresPanel
from app.workspaces.train.form import TrainFormPanel
from app.workspaces.train.messages import TrainMessagesPanel
from app.workspaces.train.plots import HeldOutPlot, LossPlot
from app.workspaces.train.training import TrainingRunProgress
from engine.events import Setting
from engine.machine import paths
from engine.training.training_log import FILE_NAME

# The shortest training that still shows the drafter learning.
_SHORT_TRAINING: dict[str, Setting] = {"sample": 4000, "steps": 60, "minutes": 2.0}
_LEFT_WIDTH = 46  # characters
# Of the height, for the plots and for what is below them.
_SHARES = (16, 9)


class TrainWorkspace(QWidget, Workspace):
    """The form on the left, the training on the right."""

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._store = store = context.store
        self._opened = LastOpened()
        self._scratch: TemporaryDirectory[str] | None = None
        self.form = TrainFormPanel(store, context.pair.target, self)
        self.bar = TrainBarPanel(store, self, verbs=context.verbs)
        self.error = ErrorPanel(store, self)
        self.loss = LossPlot(store, self)
        self.alpha = HeldOutPlot(store, self)
        self.figures = TrainFiguresPanel(store, self)
        self.messages = TrainMessagesPanel(store, self)
        self._lay_out()
        self.form.changed.connect(context.verbs.refresh)
        for plot in (self.loss, self.alpha):
            plot.export_failed.connect(store.report)

    @property
    def _training(self) -> TrainingRunProgress:
        return self._store.tab(TrainingRunProgress)

    def do(self, verb: Verb) -> None:
        """Train what is chosen, pause or continue the training, or do what every tab can."""
        match verb:
            case "run":
                self._training.begin(self.form.command())
            case "pause" if self._training.can_hold:
                self._training.hold(held=not self._training.record.held)
            case _:
                super().do(verb)

    def why_not(self, verb: Verb) -> str:
        """Return why a verb is not possible; a training can be started and paused."""
        match verb:
            case "run":
                return self.form.why_not() or self._store.may_start()
            case "pause" if self._training.can_hold:
                return ""
            case _:
                return super().why_not(verb)

    def first_field(self) -> QWidget:
        """Return the target."""
        return self.form.target

    @property
    def folder(self) -> Path:
        """The folder of the trainings."""
        return paths.training()

    @property
    def reported(self) -> ReportSource:
        """The log of the training on show."""
        record = self._training.record
        if record.started is None:
            return ()
        return record.source or Path(record.started.folder) / FILE_NAME

    def newly_opened(self) -> str:
        """Show the settings of a newly opened training in the form."""
        record = self._training.record
        if not self._opened.is_new(record, record.source):
            return ""
        if record.command is not None:
            self.form.show_settings(record.command)
        return "train"

    def holds(self, name: str) -> bool:
        """Return whether there is a training."""
        return self._training.record.started is not None

    def show_example(self, name: str) -> None:
        """Train a drafter briefly; `clean_up` deletes it."""
        self._scratch = TemporaryDirectory(prefix="draftscope-")
        self.form.form.set_values(_SHORT_TRAINING)
        self.form.out.setText(str(Path(self._scratch.name) / "drafter"))
        self._training.begin(self.form.command())

    def clean_up(self) -> None:
        """Delete the drafter that was trained for a picture."""
        if self._scratch is not None:
            self._scratch.cleanup()

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        self.form.save(settings)

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices."""
        self.form.restore(settings)

    def _lay_out(self) -> None:
        left = SideColumn(self.form, _LEFT_WIDTH, self, fixed=True, footer=self.form.opened)
        plots = QWidget(self)
        row = QHBoxLayout(plots)
        # A plot has its own margin: with this one its title lines up with the texts above and below.
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
        column.addWidget(plots, _SHARES[0])
        column.addWidget(lower, _SHARES[1])
        columns = QHBoxLayout(self)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(0)
        columns.addWidget(left)
        columns.addWidget(middle, 1)
