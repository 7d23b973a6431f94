"""Panel to choose what is evaluated: questions, their number and settings, with the buttons Evaluate and Stop."""

from collections.abc import Sequence

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.dataset_box import DatasetBox
from app.panels.kinds_box import KindsBox
from app.panels.verbs import Verbs
from app.state.store import RunStore
from app.widgets.config_form import ConfigForm
from app.widgets.labels import plain_label
from app.widgets.permission import allow
from app.widgets.progress_bar import CalmProgressBar
from app.workspaces.rag import evaluation_words
from app.workspaces.rag.evaluations import EvaluationProgress
from engine.commands import Evaluate, Load
from engine.evaluation.config import EvaluationConfig
from engine.events import Event, Setting
from engine.runs.summary import Summary

# Kinds have a box of their own.
_ELSEWHERE = ("kinds",)


class EvaluationFormPanel(Panel):
    """`run_asked` is emitted to start an evaluation."""

    run_asked = Signal()
    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, verbs: Verbs | None = None) -> None:
        super().__init__(store, parent)
        self.verbs = verbs or Verbs(store, self)
        self._why_not = ""
        self.dataset = DatasetBox(self)
        self.dataset.changed.connect(self._update_documents)
        self.documents = QCheckBox(self.tr("Ask the documents of the setup"), self)
        self.documents.setToolTip(
            self.tr("Answer from the index that is chosen in the setup of the answer, not from what the file brings")
        )
        self.kinds = KindsBox(self)
        self.kinds.changed.connect(lambda: self.draw((), self.store.summary))
        self.form = ConfigForm(EvaluationConfig, self, without=_ELSEWHERE)
        self.form.changed.connect(self._update_scaling)
        self.made_with = plain_label("", self, role="muted", wraps=True)
        self.run = QPushButton(self.tr("▶  Evaluate"), self)
        self.run.setProperty("primary", True)
        self.run.clicked.connect(self.run_asked)
        self.stop = QPushButton(self.tr("Stop"), self)
        stop_tip = self.tr("Stop; what was answered is kept, and the same evaluation continues there (Esc)")
        self.verbs.follow(self.stop, "stop", stop_tip)
        self.progress = CalmProgressBar(self.tr("Progress of the evaluation"), self)
        self.progress.setFixedHeight(theme.GRID)
        self.state = plain_label("", self, wraps=True)
        self.state.setAccessibleName(self.tr("State of the evaluation"))
        self._lay_out()
        self._update_documents()
        self._update_scaling()
        self.draw((), store.summary)

    def command(self, settings: dict[str, Setting]) -> Evaluate:
        """Return the command for the chosen evaluation, with these settings of the method."""
        index = str(settings["index"]) if self.documents.isEnabled() and self.documents.isChecked() else ""
        options = {**self.form.values(EvaluationConfig), "kinds": self.kinds.value()}
        return Evaluate(self.dataset.dataset(), settings, options, index)

    def show_setup(self, pair: Load, settings: dict[str, Setting], why_not: str) -> None:
        """Show the models and settings to evaluate. why_not: why that is impossible; empty where it is possible."""
        self._why_not = why_not
        self.made_with.setText(evaluation_words.made_with(pair, settings))
        self.draw((), self.store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the state, the progress and the buttons."""
        progress, at = self.store.tab(EvaluationProgress), self.store.engine.progressed
        tip = self.tr("Ask every way to answer; begun before with the same choices, it continues there")
        reason = self.kinds.why_not() or self._why_not
        allow(self.run, reason or self.store.may_start(), tip)
        self.progress.setVisible(progress.live)
        if progress.live:
            self.progress.show_progress(at)
        words = progress.status(at) if progress.live else reason or progress.ended()
        if words != self.state.text():
            self.state.setText(words)

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        self.form.save(settings, "evaluation")
        self.dataset.save(settings, "evaluation/dataset")
        settings.setValue("evaluation/documents", self.documents.isChecked())
        settings.setValue("evaluation/kinds", self.kinds.value())

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices, except a file that no longer exists."""
        self.form.restore(settings, "evaluation")
        self.documents.setChecked(bool(settings.value("evaluation/documents", False, type=bool)))
        self.dataset.restore(settings, "evaluation/dataset")
        self.kinds.choose(str(settings.value("evaluation/kinds", "")))

    def _update_documents(self) -> None:
        """Offer the kinds of the questions; the built-in world brings its own documents, so that none are chosen."""
        self.documents.setEnabled(not self.dataset.is_builtin)
        self.kinds.show_dataset(self.dataset.dataset())

    def _update_scaling(self) -> None:
        """Enable what only scaling systems read."""
        for name in ("shots", "iterations"):
            self.form.control(name).setEnabled(self.form.values(EvaluationConfig)["scaling"] is True)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID)
        buttons.addWidget(self.run, 1)
        buttons.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(plain_label(self.tr("Run an evaluation"), self, role="title"))
        for widget in (self.dataset, self.kinds, self.documents, self.form, self.made_with):
            column.addWidget(widget)
        column.addLayout(buttons)
        column.addWidget(self.progress)
        column.addWidget(self.state)
        column.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
