"""Panel to choose a sweep: its grid, its questions and its time, with the buttons Sweep and Stop."""

from collections.abc import Sequence
from typing import get_args

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.dataset_box import DatasetBox
from app.panels.kinds_box import KindsBox
from app.panels.verbs import Verbs
from app.state.store import RunStore
from app.widgets.choice_box import ChoiceBox
from app.widgets.config_form import ConfigForm
from app.widgets.labels import plain_label
from app.widgets.number_box import NumberBox
from app.widgets.permission import allow
from app.widgets.progress_bar import CalmProgressBar
from app.words import pace
from app.workspaces.scaling import grid_choice, sweep_words
from app.workspaces.scaling.grid_choice import GridChoice
from app.workspaces.scaling.sweeping import SweepProgress
from engine.commands import SweepAllocations
from engine.evaluation.config import EvaluationConfig
from engine.events import AllocationForm, AnswerMetric, Event, QualityScore, Setting
from engine.runs.summary import Summary

_ELSEWHERE = ("ablation", "kinds", "scaling", "shots", "iterations")
# What a grid varies is no setting of the sweep.
_VARIED = ("k", "m", "n", "index", "baselines")
_DEFAULTS = SweepAllocations()


class SweepFormPanel(Panel):
    """`sweep_asked` is emitted to start the chosen sweep."""

    sweep_asked = Signal()
    every_ms = 100

    def __init__(self, store: RunStore, verbs: Verbs, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._why_not = ""
        self._settings: dict[str, Setting] = {}
        self.dataset = DatasetBox(self)
        self.documents = QCheckBox(self.tr("Ask the documents of the setup"), self)
        self.documents.setToolTip(
            self.tr("Answer from the index that is chosen in the setup of the answer, not from what the file brings")
        )
        self.ks = self._axis(_DEFAULTS.ks, self.tr("Documents k"), self.tr("of a query, from 0 on"))
        self.ms = self._axis(_DEFAULTS.ms, self.tr("Demonstrations m"), self.tr("each with k documents, from 0 on"))
        self.ns = self._axis(_DEFAULTS.ns, self.tr("Iterations n"), self.tr("from 1 on, which is DRAG"))
        self.options = ConfigForm(EvaluationConfig, self, without=_ELSEWHERE)
        self.options.set_values({"questions": 40})
        self.kinds = KindsBox(self)
        self.minutes = NumberBox(self)
        self.minutes.setDecimals(1)
        self.minutes.setRange(0, 10_000)
        self.minutes.setSpecialValueText(self.tr("until it is done"))
        self.minutes.setAccessibleName(self.tr("Minutes"))
        self.minutes.setToolTip(self.tr("The sweep stops after that time; started again, it continues."))
        self.quality = ChoiceBox("quality", get_args(QualityScore), self)
        self.quality.setAccessibleName(self.tr("Quality of answers"))
        self.quality.setToolTip(
            self.tr("How good an answer looks without the right one, for escalation; scores cost calls of their own.")
        )
        self.run = QPushButton(self.tr("▶  Sweep"), self)
        self.run.setProperty("primary", True)
        self.run.clicked.connect(self.sweep_asked)
        self.stop = QPushButton(self.tr("Stop"), self)
        verbs.follow(self.stop, "stop", self.tr("Stop; every answer is kept, and the same sweep continues there (Esc)"))
        self.progress = CalmProgressBar(self.tr("Progress of the sweep"), self)
        self.progress.setFixedHeight(theme.GRID)
        self.state = plain_label("", self, wraps=True)
        self.state.setAccessibleName(self.tr("State of the sweep"))
        self.form = ChoiceBox("allocation_form", get_args(AllocationForm), self)
        self.form.setAccessibleName(self.tr("Form of the fit"))
        self.of_metric = ChoiceBox("metric", get_args(AnswerMetric), self)
        self.of_metric.setAccessibleName(self.tr("Metric"))
        self._lay_out()
        self._connect()
        self.draw((), store.summary)

    def choice(self) -> GridChoice:
        """Return what is chosen."""
        quality = next(each for each in get_args(QualityScore) if each == self.quality.value())
        return GridChoice(
            self.dataset.dataset(), self.ks.text(), self.ms.text(), self.ns.text(), self.minutes.value(), quality,
            {**self.options.values(EvaluationConfig), "kinds": self.kinds.value()},
            {name: value for name, value in self._settings.items() if name not in _VARIED},
            str(self._settings.get("index", "")) if self.documents.isEnabled() and self.documents.isChecked() else "",
        )  # fmt: skip

    def show_setup(self, settings: dict[str, Setting], why_not: str) -> None:
        """Sweep with these settings. why_not: why that is impossible; empty where it is possible."""
        self._settings, self._why_not = settings, why_not
        self.draw((), self.store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the state, the progress and the buttons."""
        sweep, at = self.store.tab(SweepProgress), self.store.engine.progressed
        choice = self.choice()
        reason = grid_choice.why_no_sweep(choice) or self.kinds.why_not() or self._why_not
        allow(self.run, reason or self.store.may_start(), self.tr("Ask every question in every cell of the grid"))
        self.progress.setVisible(sweep.live)
        if sweep.live:
            self.progress.show_progress(at)
            left = pace.left(at)
            words = " · ".join(filter(None, (sweep.status(at), left)))
        else:
            words = reason or _ending(sweep) or grid_choice.plan(choice)
        if words != self.state.text():
            self.state.setText(words)
        self.documents.setEnabled(not self.dataset.is_builtin)

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        self.dataset.save(settings, "scaling/dataset")
        settings.setValue("scaling/kinds", self.kinds.value())
        self.options.save(settings, "scaling-sweep")
        for name, line in (("ks", self.ks), ("ms", self.ms), ("ns", self.ns)):
            settings.setValue(f"scaling/{name}", line.text())
        settings.setValue("scaling/minutes", self.minutes.value())
        settings.setValue("scaling/quality", self.quality.value())

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices."""
        self.dataset.restore(settings, "scaling/dataset")
        self.kinds.choose(str(settings.value("scaling/kinds", "")))
        self.options.restore(settings, "scaling-sweep")
        for name, line in (("ks", self.ks), ("ms", self.ms), ("ns", self.ns)):
            if isinstance(text := settings.value(f"scaling/{name}"), str) and text.strip():
                line.setText(text)
        self.quality.choose(str(settings.value("scaling/quality", self.quality.value())))
        minutes = str(settings.value("scaling/minutes", ""))
        self.minutes.setValue(float(minutes) if minutes.replace(".", "", 1).isdecimal() else 0.0)

    # Construction

    def _axis(self, numbers: tuple[int, ...], name: str, tip: str) -> QLineEdit:
        line = QLineEdit(", ".join(map(str, numbers)), self)
        line.setProperty("role", "search")
        line.setAccessibleName(name)
        line.setToolTip(self.tr("{0}: several numbers, such as 0, 1, 2, 5").format(tip))
        return line

    def _connect(self) -> None:
        self.dataset.changed.connect(lambda: self.kinds.show_dataset(self.dataset.dataset()))
        for signal in (
            self.dataset.changed, self.kinds.changed,
            self.ks.textChanged, self.ms.textChanged, self.ns.textChanged, self.options.changed,
            self.minutes.valueChanged, self.quality.currentIndexChanged,
        ):  # fmt: skip
            signal.connect(lambda *_: self.draw((), self.store.summary))
        for box in (self.form, self.of_metric):
            box.activated.connect(lambda _row: self._fit_anew())

    def _fit_anew(self) -> None:
        form = next(each for each in get_args(AllocationForm) if each == self.form.value())
        metric = next(each for each in get_args(AnswerMetric) if each == self.of_metric.value())
        self.store.tab(SweepProgress).fit_as(form, metric)

    def _lay_out(self) -> None:
        grid = QFormLayout()
        grid.setHorizontalSpacing(theme.GRID)
        for line in (self.ks, self.ms, self.ns):
            grid.addRow(plain_label(line.accessibleName(), self), line)
        rest = QFormLayout()
        rest.setHorizontalSpacing(theme.GRID)
        for box in (self.minutes, self.quality):
            rest.addRow(plain_label(box.accessibleName(), self), box)
        fit = QFormLayout()
        fit.setHorizontalSpacing(theme.GRID)
        for choice_box in (self.form, self.of_metric):
            fit.addRow(plain_label(choice_box.accessibleName(), self), choice_box)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID)
        buttons.addWidget(self.run, 1)
        buttons.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(plain_label(self.tr("Sweep a grid"), self, role="title"))
        column.addLayout(grid)
        column.addWidget(plain_label(self.tr("Questions"), self, role="title"))
        for widget in (self.dataset, self.kinds, self.documents, self.options):
            column.addWidget(widget)
        column.addLayout(rest)
        column.addLayout(buttons)
        column.addWidget(self.progress)
        column.addWidget(self.state)
        column.addWidget(plain_label(self.tr("Fit"), self, role="title"))
        column.addLayout(fit)
        column.addStretch(1)


def _ending(sweep: SweepProgress) -> str:
    """How the sweep on show ended; empty where there is none."""
    if sweep.measured is None:
        return ""
    text = sweep_words.outcome(sweep.measured)
    why_new = "" if sweep.started is None else sweep.started.why_new
    return sweep_words.tr("{0} (begun anew: {1})").format(text, why_new) if why_new else text
