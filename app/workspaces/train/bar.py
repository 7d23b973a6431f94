"""Panel with the buttons of a training and its state in words."""

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from app import theme
from app.panel import Panel
from app.panels.verbs import Verbs
from app.state.store import RunStore
from app.state.verbs import Verb
from app.widgets.labels import ElasticLine
from app.widgets.permission import allow
from app.widgets.progress_bar import CalmProgressBar
from app.workspaces.train import words
from app.workspaces.train.training import TrainingRunProgress
from engine.events import Event
from engine.runs.summary import Summary


class TrainBarPanel(Panel):
    """State, progress, and the buttons Start, Pause, Stop and Use this drafter."""

    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, verbs: Verbs | None = None) -> None:
        super().__init__(store, parent)
        self.verbs = verbs or Verbs(store, self)
        self.state = ElasticLine(self)
        self.state.setAccessibleName(self.tr("State of the training"))
        self.progress = CalmProgressBar(self.tr("Progress of the training"), self)
        self.progress.setFixedSize(16 * theme.GRID, theme.GRID)
        self.start = self._button("run", self.tr("▶  Start"), self.tr("Train the drafter (Ctrl+Enter)"))
        self.start.setProperty("primary", True)
        self.hold = self._button("pause", self.tr("Pause"), self.tr("Hold after this step, or continue (Ctrl+P)"))
        self.stop = self._button("stop", self.tr("Stop"), self.tr("Stop; the last checkpoint is kept (Esc)"))
        self.use = QPushButton(self.tr("Use this drafter"), self)
        self.use.clicked.connect(self._use)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        row.setSpacing(theme.GRID)
        row.addWidget(self.state, 1)
        for widget in (self.progress, self.start, self.hold, self.stop, self.use):
            row.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update state and progress, and enable Use this drafter where there is one."""
        record, at = self.store.tab(TrainingRunProgress).record, self.store.engine.progressed
        self.hold.setText(self.tr("Resume") if record.held else self.tr("Pause"))
        allow(self.use, self._why_not_usable(), self.tr("Choose target and trained drafter in the Decode tab"))
        self.progress.setVisible(record.live)
        if record.live:
            self.progress.show_progress(None if record.held else at)
        if record.live:
            self.state.show_text(self.store.tab(TrainingRunProgress).status(at))
        else:
            self.state.show_text(words.ending(record))

    def _why_not_usable(self) -> str:
        return words.why_not_usable(self.store.tab(TrainingRunProgress).record)

    def _use(self) -> None:
        record = self.store.tab(TrainingRunProgress).record
        if record.command is not None and record.drafter is not None:
            self.store.drafter_offered.emit(record.command.target, record.drafter)

    def _button(self, verb: Verb, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setAccessibleDescription(tip)
        self.verbs.follow(button, verb, tip)
        return button
