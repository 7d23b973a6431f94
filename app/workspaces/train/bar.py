"""Panel of a training's buttons and its state in words; knows what may be pressed, not what a press does."""

from collections.abc import Sequence

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.widgets.labels import ElasticLine
from app.widgets.permission import allow
from app.widgets.progress_bar import CalmProgressBar
from app.workspaces.train import words
from app.workspaces.train.training import TrainingRunProgress
from engine.events import Event
from engine.runs.summary import Summary


class TrainBarPanel(Panel):
    """Start, Pause, Stop, Use this drafter."""

    start_asked = Signal()
    hold_asked = Signal(bool)
    stop_asked = Signal()
    use_asked = Signal(str, str)
    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._why_not = ""
        self.state = ElasticLine(self)
        self.state.setAccessibleName(self.tr("State of the training"))
        self.progress = CalmProgressBar(self.tr("Progress of the training"), self)
        self.progress.setFixedSize(16 * theme.GRID, theme.GRID)
        self.start = self._button(self.tr("▶  Start"), self.tr("Train the drafter"), self.start_asked)
        self.start.setProperty("primary", True)
        self.hold = self._button(self.tr("Pause"), self.tr("Hold after the step under way, or go on"))
        self.hold.clicked.connect(lambda: self.hold_asked.emit(not store.tab(TrainingRunProgress).record.held))
        self.stop = self._button(self.tr("Stop"), self.tr("Stop; the last checkpoint is kept (Esc)"), self.stop_asked)
        self.use = self._button(self.tr("Use this drafter"), self._use_tip())
        self.use.clicked.connect(self._use)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        row.setSpacing(theme.GRID)
        row.addWidget(self.state, 1)
        for widget in (self.progress, self.start, self.hold, self.stop, self.use):
            row.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.draw((), store.summary)

    def show_reason(self, why_not: str) -> None:
        """Say why a training cannot start; empty where it can."""
        if why_not != self._why_not:
            self._why_not = why_not
            self.draw((), self.store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Say what is going on and what may be pressed."""
        record, at = self.store.tab(TrainingRunProgress).record, self.store.engine.progressed
        allow(self.start, self._why_not or self.store.may_start(), self.tr("Train the drafter"))
        self.hold.setText(self.tr("Resume") if record.held else self.tr("Pause"))
        self.hold.setEnabled(self.store.tab(TrainingRunProgress).can_hold)
        allow(self.stop, self.store.may_stop(), self.tr("Stop; the last checkpoint is kept (Esc)"))
        self.use.setEnabled(record.drafter is not None)
        self.use.setToolTip(self._use_tip())
        self.progress.setVisible(record.live)
        if record.live and at is not None:
            self.progress.show_share(at.done, at.total)
        if record.live:
            self.state.show_text(words.state(record, at))
        else:
            self.state.show_text(words.ending(record))

    def _use_tip(self) -> str:
        if self.store.tab(TrainingRunProgress).record.drafter is not None:
            return self.tr("Choose target and trained drafter in the Decode tab")
        if self.store.tab(TrainingRunProgress).record.source is not None:
            return self.tr("There is no drafter beside this log, nor where it was made")
        return self.tr("Once a drafter is trained: choose it and its target in the Decode tab")

    def _use(self) -> None:
        record = self.store.tab(TrainingRunProgress).record
        if record.command is not None and record.drafter is not None:
            self.use_asked.emit(record.command.target, record.drafter)

    def _button(self, text: str, tip: str, asked: SignalInstance | None = None) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        if asked is not None:
            button.clicked.connect(asked)
        return button
