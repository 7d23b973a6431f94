"""Panel to choose what is trained: target, text, folder and settings, with an estimate of what the training takes."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QCheckBox, QFormLayout, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.widgets import path_line
from app.widgets.choice_box import ChoiceBox
from app.widgets.config_form import ConfigForm
from app.widgets.focus import tab_through
from app.widgets.fold import FoldedRest
from app.widgets.labels import plain_label
from app.widgets.model_picker import ModelChoice, ModelPicker
from app.widgets.opened_note import OpenedNote
from app.widgets.path_line import PathLine
from app.workspaces.train.needs import TrainNeeds
from app.workspaces.train.start import StartChoice
from app.workspaces.train.training import TrainingRunProgress
from engine.commands import EstimateTraining, Train
from engine.events import Event, ModelLoaded, Surveyed, TrainingEstimated
from engine.machine import paths
from engine.runs.summary import Summary
from engine.training.drafter_config import OF_LONGSPEC, DrafterConfig

_PAUSE_MS = 400
_DEVICES, _DTYPES = ("auto", "cpu", "cuda"), ("auto", "float32", "bfloat16")
_MOST_NAMES = 1000
_FIRST = ("objective", "minutes", "sample")


class TrainFormPanel(Panel):
    """The left column of the Train tab. `changed` is emitted when a choice changes."""

    changed = Signal()
    every_ms = 100

    def __init__(self, store: RunStore, target: str, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        tip = self.tr("The model to train a drafter for: builtin, a folder, or a hub id in the local cache.")
        self.target = ModelPicker(target, self.tr("Target"), tip, self)
        self.data = PathLine(
            self.tr("Text"),
            self.tr(
                "A folder of .txt and .md files, a .jsonl file with text or prompt a line, or the word builtin: texts "
                "of the built-in world."
            ),
            self,
        )
        self.data.line.setPlaceholderText(self.tr("a folder or file of text"))
        self.data.add_button(self.tr("Folder…"), self.tr("Choose a folder of text"))
        self.data.add_button(self.tr("File…"), self.tr("Choose a file of text"), file=True)
        self.out = PathLine(
            self.tr("Drafter's folder"), self.tr("A new folder: the drafter, its log and its checkpoints."), self
        )
        self.out.add_button(self.tr("Choose…"), self.tr("Choose the drafter's folder"))
        self.resume = QCheckBox(self.tr("Continue the training in that folder"), self)
        self.resume.setToolTip(self.tr("Continues at its last checkpoint, with the same target, text and settings."))
        self.device = self._box(_DEVICES, self.tr("Device"), self.tr("Where target and drafter are computed."))
        self.dtype = self._box(
            _DTYPES, self.tr("Number format"), self.tr("Of the target; the drafter's weights are kept in float32.")
        )
        self.start = StartChoice(self)
        rare = [name for name in DrafterConfig.__struct_fields__ if name not in _FIRST]
        without = (*self.start.values(), *OF_LONGSPEC)
        self.form = ConfigForm(DrafterConfig, self, first=_FIRST, without=without, folded=rare)
        self.more = FoldedRest(
            self.tr("More"),
            self.tr("Layers, width, steps, learning rate, and how the drafter is measured"),
            (self.form.rest,),
            self,
        )
        self.needs = TrainNeeds(self)
        self.opened = OpenedNote(
            self.tr("Settings of the opened training."),
            self.tr("Give back the settings that were here before the training was opened"),
            self,
        )
        self.opened.hide()
        self._own_command: Train | None = None
        self._opened_command: Train | None = None
        self._sent_command: Train | None = None
        self._estimated_command: Train | None = None
        self._shown_state: tuple[TrainingEstimated | None, Surveyed | None, ModelLoaded | None, bool] | None = None
        self._out_suggested = ""
        self._estimate_timer = QTimer(self)
        self._estimate_timer.setSingleShot(True)
        self._estimate_timer.setInterval(_PAUSE_MS)
        self._estimate_timer.timeout.connect(self._request_estimate)
        self._lay_out()
        self._suggest_out()
        self._connect_signals()
        self.draw((), store.summary)

    def command(self) -> Train:
        """Return the command for the training as it is chosen."""
        return Train(
            target=self.target.spec().strip() or "builtin",
            data=self.data.text().strip(),
            out=self.out.text().strip(),
            settings={**self.form.values(DrafterConfig), **self.start.values()},
            device=self.device.value(),
            dtype=self.dtype.value(),
            resume=self.resume.isChecked(),
        )

    def show_settings(self, command: Train) -> None:
        """Show the settings of an opened training; device and dtype stay, and the choices before it can be restored."""
        if (chosen := self.command()) != self._opened_command:
            self._own_command = chosen
        self._apply(command)
        self._opened_command = self.command()
        self.opened.show()

    def why_not(self) -> str:
        """Return why the training cannot start; empty where it can."""
        command = self.command()
        if not command.data and not command.settings["sample"]:
            return self.tr("choose a text to learn from, or let the target write some (More: Tokens to sample)")
        if not command.out:
            return self.tr("choose a folder for the drafter")
        estimate = self.store.tab(TrainingRunProgress).record.estimated
        return estimate.why_not if estimate is not None and command == self._estimated_command else ""

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the estimate of the training and the list of targets."""
        store = self.store
        if (
            store.tab(TrainingRunProgress).record.estimated is not None
            and self._sent_command is not None
            and not store.commands.unanswered
        ):
            self._estimated_command = self._sent_command
        shown_state = (
            store.tab(TrainingRunProgress).record.estimated,
            store.engine.surveyed,
            store.engine.model,
            store.tab(TrainingRunProgress).record.live,
        )
        if shown_state != self._shown_state:
            self._shown_state = shown_state
            self._update_targets()
            self._show_needs()
            self._enable(not store.tab(TrainingRunProgress).record.live)
            if not store.tab(TrainingRunProgress).record.live:
                self._suggest_out()
        if self._needs_estimate() and not self._estimate_timer.isActive():
            self._estimate_timer.start()

    def save(self, settings: QSettings) -> None:
        """Save the choices, except the folder, which is a new one each time."""
        settings.setValue("train/target", self.target.spec())
        settings.setValue("train/data", self.data.text())
        self.start.save(settings)
        self.form.save(settings, "train")

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices."""
        for name, set_value in (("target", self.target.set_spec), ("data", self.data.setText)):
            if isinstance(stored := settings.value(f"train/{name}"), str) and stored:
                set_value(stored)
        self.start.restore(settings)
        self.form.restore(settings, "train")

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Send no estimate request while hidden."""
        self._estimate_timer.stop()
        super().hideEvent(event)

    # Estimate and targets from the engine

    def _needs_estimate(self) -> bool:
        connected = self.store.engine.model is not None or self.store.engine.estimated is not None
        idle = not self.store.busy and not self.store.commands.unanswered
        ready = connected and idle and self.isVisible()
        return ready and bool(self.command().out) and self.command() != self._sent_command

    def _request_estimate(self) -> None:
        if self._needs_estimate():
            self._sent_command = self.command()
            self.store.ask(EstimateTraining(self._sent_command))

    def _show_needs(self) -> None:
        estimate, command = self.store.tab(TrainingRunProgress).record.estimated, self.command()
        is_current = estimate is not None and estimate.layers and command in (
            self._estimated_command, self._opened_command, self.store.tab(TrainingRunProgress).record.command,
        )  # fmt: skip
        minutes, steps = (float(command.settings[name] or 0) for name in ("minutes", "steps"))
        self.needs.show_needs(estimate if is_current else None, minutes, int(steps), self.why_not())
        self.start.show_sizes(estimate if is_current else None)

    def _update_targets(self) -> None:
        surveyed, model = self.store.engine.surveyed, self.store.engine.model
        targets = [] if surveyed is None else [option for option in surveyed.options if option.role == "target"]
        choices = [ModelChoice(option.spec, option.title, "", "", option.why_not) for option in targets] or [
            ModelChoice("builtin", "builtin")
        ]
        if model is not None and model.target not in [choice.spec for choice in choices]:
            choices.append(ModelChoice(model.target, model.target, "", self.tr("loaded")))
        self.target.set_choices(choices)

    # Choices

    def _apply(self, command: Train) -> None:
        """Choose everything as in a command; an estimate of another command no longer applies."""
        self._sent_command = self._estimated_command = None
        self.target.set_spec(command.target)
        self.data.setText(command.data)
        self.out.setText(command.out)
        self.resume.setChecked(command.resume)
        self.start.set_values(command.settings)
        self.form.set_values(command.settings)
        self._on_choice_changed()

    def _restore_own(self) -> None:
        own, self._own_command, self._opened_command = self._own_command, None, None
        self.opened.hide()
        if own is not None:
            self._apply(own)

    def _connect_signals(self) -> None:
        self.target.spec_changed.connect(self._suggest_out)
        title = self.tr("Choose a model folder")
        self.target.folder_asked.connect(lambda: path_line.choose(self, title, self.target.set_spec))
        self.target.file_asked.connect(lambda: path_line.choose_gguf(self, self.target.set_spec))
        for line in (self.data, self.out):
            line.changed.connect(self._on_choice_changed)
        for box in (self.device, self.dtype):
            box.currentIndexChanged.connect(self._on_choice_changed)
        self.target.spec_changed.connect(self._on_choice_changed)
        self.resume.toggled.connect(self._on_choice_changed)
        self.opened.back_asked.connect(self._restore_own)
        for choice in (self.start, self.form):
            choice.changed.connect(self._on_choice_changed)

    def _on_choice_changed(self) -> None:
        self.more.show_changes(self.form.n_changed_in_rest)
        self._show_needs()
        self.changed.emit()
        if self._needs_estimate():
            self._estimate_timer.start()

    def _suggest_out(self) -> None:
        """Suggest a folder that does not exist yet, unless one was typed or belongs to a training to be continued."""
        if self.out.text() != self._out_suggested or self.resume.isChecked() or self._can_continue():
            return
        folder = str(_free_folder(self.target.spec()))
        if folder != self._out_suggested:
            self._out_suggested = folder
            self.out.setText(folder)

    def _can_continue(self) -> bool:
        """Whether target and folder are those of the training on show, which has steps left."""
        record, chosen = self.store.tab(TrainingRunProgress).record, self.command()
        command = record.command
        return command is not None and not record.complete and (command.target, command.out) == (
            chosen.target, chosen.out,
        )  # fmt: skip

    # Widgets

    def _enable(self, enabled: bool) -> None:
        for widget in self._inputs:
            widget.setEnabled(enabled)

    @property
    def _inputs(self) -> tuple[QWidget, ...]:
        return self.target, self.data, self.out, self.resume, self.device, self.dtype, self.start, self.form

    def _box(self, choices: Sequence[str], name: str, tip: str) -> ChoiceBox:
        box = ChoiceBox("", choices, self)
        box.setAccessibleName(name)
        box.setToolTip(tip)
        return box

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        for title, *contents in (
            (self.tr("Drafter for"), self._model_form()),
            (self.tr("Text to learn from"), self.data),
            (self.tr("Folder of the drafter"), self.out, self.resume),
            (self.tr("Start from"), self.start),
            (self.tr("Training"), self.form, self.more),
            (self.tr("What it takes"), self.needs, self.start.sizes),
        ):
            column.addWidget(plain_label(title, self, role="title"))
            for content in contents:
                column.addWidget(content)
            column.addSpacing(theme.HALF)
        column.addStretch(1)
        tab_through(column)

    def _model_form(self) -> QWidget:
        container = QWidget(self)
        form = QFormLayout(container)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(theme.GRID - 2)
        form.setHorizontalSpacing(theme.GRID)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, widget in (
            (self.tr("Target"), self.target),
            (self.tr("Device"), self.device),
            (self.tr("Number format"), self.dtype),
        ):
            label = plain_label(text, self)
            label.setBuddy(widget)
            label.setToolTip(widget.toolTip())
            form.addRow(label, widget)
        return container


def _free_folder(target: str) -> Path:
    """A new folder under the user's trainings, named after the target."""
    name = "".join(c if c.isalnum() or c in "-._" else "-" for c in Path(target).name) or "drafter"
    base = paths.training() / "drafters"
    folders = (base / f"{name}-{i}" for i in range(1, _MOST_NAMES))
    return next((folder for folder in folders if not folder.exists()), base)
