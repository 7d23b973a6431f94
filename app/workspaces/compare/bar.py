"""The top bar of the Compare tab: target, prompts, draft lengths, drafters, settings, and the buttons that measure."""

from collections.abc import Sequence

from PySide6.QtCore import QSettings, QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QWidget

from app import theme
from app.choices.recent_folders import RecentFolders
from app.panel import Panel
from app.panels.setup.drafters_box import DraftersBox
from app.panels.verbs import Verbs
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets import path_line
from app.widgets.labels import plain_label
from app.widgets.model_picker import ModelChoice, ModelPicker
from app.widgets.number_box import WholeNumberBox
from app.widgets.permission import allow
from app.words.model_names import full_name, is_builtin
from app.workspaces.compare import choice
from app.workspaces.compare.choice import ComparisonChoice
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.more_box import MoreBox
from app.workspaces.compare.prompts_box import PromptSetBox
from engine.commands import Load, Survey
from engine.events import Event, ModelOption
from engine.runs.summary import Summary

_MOST_PROMPTS = 9999
_TARGET_WIDTH, _GAMMA_WIDTH = 20 * theme.GRID, 10 * theme.GRID


class CompareBar(Panel):
    """`changed`: something else is to be compared; `tune_asked`: the draft lengths are to be tuned."""

    every_ms = 250
    changed = Signal()
    tune_asked = Signal()

    def __init__(self, store: RunStore, pair: Load, parent: QWidget | None = None, *, verbs: Verbs) -> None:
        super().__init__(store, parent)
        self._verbs = verbs
        self._fixed_target = pair.target != Load().target
        self._recent = RecentFolders()
        self.target = ModelPicker(
            pair.target, self.tr("Target"), self.tr("The model whose distribution every lane preserves."), self
        )
        self.target.setMaximumWidth(2 * _TARGET_WIDTH)
        self.prompts = PromptSetBox(self)
        self.n_prompts = WholeNumberBox(self)
        self.n_prompts.setRange(0, _MOST_PROMPTS)
        self.n_prompts.setValue(20)
        self.n_prompts.setSpecialValueText(self.tr("all"))
        self.n_prompts.setAccessibleName(self.tr("Number of prompts"))
        self.n_prompts.setToolTip(self.tr("How many prompts of the set, evenly over its categories; 0 takes all"))
        self.gammas = QLineEdit("2, 4, 6", self)
        self.gammas.setProperty("role", "search")
        self.gammas.setFixedWidth(_GAMMA_WIDTH)
        self.gammas.setAccessibleName(self.tr("Length γ"))
        self.gammas.setToolTip(self.tr("Draft lengths to measure each drafter at, such as 2, 4, 6 or 1-8"))
        self.drafters = DraftersBox(self)
        self.more = MoreBox(pair, self)
        self.measure = QPushButton(self.tr("▶  Measure"), self)
        self.measure.setProperty("primary", True)
        self.tune = QPushButton(self.tr("Tune γ"), self)
        self.stop = QPushButton(self.tr("Stop"), self)
        verbs.follow(self.measure, "run", self.tr("Measure every lane on every prompt, one at a time (Ctrl+Enter)"))
        verbs.follow(self.stop, "stop", self.tr("Stop; what was measured is kept (Esc)"))
        self.tune.clicked.connect(self.tune_asked)
        self._lay_out()
        self._connect()
        self.draw((), store.summary)

    def choice(self) -> ComparisonChoice:
        """What is chosen."""
        return ComparisonChoice(
            self.target.spec().strip() or "builtin",
            self.drafters.specs(),
            self.gammas.text(),
            self.prompts.spec(),
            self.n_prompts.value(),
            self.more.repeats(),
            self.more.settings(),
            self.more.where(),
            self.more.policy(),
            self.more.thresholds(),
        )

    def show_choice(self, chosen: ComparisonChoice) -> None:
        """Choose what another comparison was made with."""
        self.target.set_spec(chosen.target)
        self.drafters.check(chosen.drafters)
        self.gammas.setText(chosen.gammas)
        self.prompts.choose(chosen.prompts)
        self.n_prompts.setValue(min(_MOST_PROMPTS, chosen.n_prompts))
        settings = {**chosen.settings, "repeats": chosen.repeats, "thresholds": chosen.thresholds}
        self.more.show_choice(settings, chosen.where, chosen.policy)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Offer the models the engine lists, ask it for those of a new target, and enable Tune."""
        comparing = self.store.tab(ComparingProgress)
        target = self.target.spec().strip() or "builtin"
        self.drafters.show_models(target, comparing.surveyed)
        self._offer_targets()
        tip = self.tr(
            "Predict every draft length from a few timings and short runs, then confirm the best three of each drafter"
        )
        allow(self.tune, choice.why_not(self.choice(), tune=True) or self.store.may_start(), tip)
        if self.isVisible() and self.store.engine.model is not None and not self.store.busy:
            device, dtype, _ = self.more.where()
            comparing.survey(Survey(target, self._recent.specs, device, dtype))

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        settings.setValue("compare/target", self.target.spec())
        settings.setValue("compare/prompts", self.prompts.spec())
        settings.setValue("compare/n_prompts", self.n_prompts.value())
        settings.setValue("compare/gammas", self.gammas.text())
        settings.setValue("compare/drafters", "\n".join(self.drafters.checked()))
        self.more.save(settings)

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices; a target given on the command line stays."""
        self._recent.restore(settings)
        target = settings.value("compare/target")
        if isinstance(target, str) and target and not self._fixed_target:
            self.target.set_spec(target)
        self.prompts.choose(str(settings.value("compare/prompts", "builtin")))
        n_prompts = str(settings.value("compare/n_prompts", ""))
        if n_prompts.isascii() and n_prompts.isdigit():
            self.n_prompts.setValue(min(_MOST_PROMPTS, int(n_prompts)))
        gammas = settings.value("compare/gammas")
        if isinstance(gammas, str) and gammas:
            self.gammas.setText(gammas[:100])
        checked = settings.value("compare/drafters")
        if isinstance(checked, str):
            self.drafters.check(spec for spec in checked.split("\n") if spec)
        self.more.restore(settings)

    def _offer_targets(self) -> None:
        surveyed = self.store.tab(ComparingProgress).surveyed
        options = [] if surveyed is None else [option for option in surveyed.options if option.role == "target"]
        by_spec = {option.spec: option for option in (ModelOption("builtin", "builtin", 0, "target"), *options)}
        self.target.set_choices([_target_choice(option) for option in by_spec.values()])

    def _on_edited(self) -> None:
        self.draw((), self.store.summary)
        self.changed.emit()

    def _connect(self) -> None:
        for signal in (
            self.target.spec_changed, self.prompts.changed, self.n_prompts.valueChanged, self.gammas.textChanged,
            self.drafters.changed, self.more.changed,
        ):  # fmt: skip
            signal.connect(self._on_edited)
        self.target.folder_asked.connect(
            lambda: path_line.choose(self, self.tr("Choose a target folder"), self.target.set_spec)
        )
        self.target.file_asked.connect(lambda: path_line.choose_gguf(self, self.target.set_spec))
        self.target.look_asked.connect(self._look_again)
        self.prompts.file_chosen.connect(self.store.tab(ComparingProgress).read_prompts)

    def _look_again(self) -> None:
        self.store.tab(ComparingProgress).forget_survey()
        self.draw((), self.store.summary)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for all of it, with the buttons below the choices where they do not fit beside them."""
        width = max(self._choices.minimumSize().width(), self._buttons.minimumSize().width()) + 4 * theme.GRID
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Put the buttons beside the choices or, if they do not fit, below them."""
        super().resizeEvent(event)
        needed = self._choices.minimumSize().width() + self._buttons.minimumSize().width() + 5 * theme.GRID
        beside = QBoxLayout.Direction.LeftToRight
        self._rows.setDirection(beside if needed <= self.width() else QBoxLayout.Direction.TopToBottom)

    def _lay_out(self) -> None:
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._rows.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.HALF)
        self._choices, self._buttons = QHBoxLayout(), QHBoxLayout()
        for layout in (self._rows, self._choices, self._buttons):
            layout.setSpacing(theme.GRID)
        self._rows.addLayout(self._choices, 1)
        self._rows.addLayout(self._buttons)
        row = self._choices
        for text, boxes in (
            (self.tr("Target"), (self.target,)),
            (self.tr("Prompts"), (self.prompts, self.n_prompts)),
            (self.tr("Draft lengths γ"), (self.gammas,)),
        ):
            label = plain_label(text, self)
            label.setBuddy(boxes[0])
            row.addWidget(label)
            for box in boxes:
                row.addWidget(box)
            row.addSpacing(theme.HALF)
        row.addWidget(self.drafters)
        row.addWidget(self.more)
        row.addStretch(1)
        self._buttons.addStretch(1)
        for widget in (self.measure, self.tune, self.stop):
            self._buttons.addWidget(widget)
        self.target.setMinimumWidth(_TARGET_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)


def _target_choice(option: ModelOption) -> ModelChoice:
    title = full_name(option.spec, "target") if is_builtin(option.spec) else option.title
    return ModelChoice(option.spec, title, "", one_line(option.spec), option.why_not)
