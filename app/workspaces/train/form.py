"""Panel that says what is to be trained: target, text, folder, settings, and what that would take; starts nothing."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QCheckBox, QFormLayout, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.widgets import path_line
from app.widgets.config_form import ConfigForm
from app.widgets.labels import plain_label
from app.widgets.model_picker import ModelChoice, ModelPicker
from app.widgets.opened_note import OpenedNote
from app.widgets.path_line import PathLine
from app.widgets.steady_box import SteadyBox
from app.workspaces.train.needs import TrainNeeds
from app.workspaces.train.training import TrainingRunProgress
from engine.commands import EstimateTraining, Train
from engine.events import Event, ModelLoaded, Surveyed, TrainingEstimated
from engine.machine import paths
from engine.runs.summary import Summary
from engine.training.drafter_config import DrafterConfig

_PAUSE_MS = 400
_DEVICES, _DTYPES = ("auto", "cpu", "cuda"), ("auto", "float32", "bfloat16")
_MOST_NAMES = 1000


class TrainFormPanel(Panel):
    """The left column of the Train tab. `changed` says that something else is chosen."""

    changed = Signal()
    every_ms = 100

    def __init__(self, store: RunStore, target: str, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        tip = self.tr("The model to train a drafter for: builtin, a folder, or a hub id in the local cache.")
        self.target = ModelPicker(target, self.tr("Target"), tip, self)
        self.data = PathLine(
            self.tr("Text"),
            self.tr("A folder of .txt and .md files, or a .jsonl file with text or prompt a line."),
            self,
        )
        self.data.line.setPlaceholderText(self.tr("a folder or file of text"))
        self.data.add_button(self.tr("Folder…"), self.tr("Choose a folder of text"))
        self.data.add_button(self.tr("File…"), self.tr("Choose a file of text"), file=True)
        self.out = PathLine(
            self.tr("Drafter's folder"), self.tr("A new folder: the drafter, its log and its checkpoints."), self
        )
        self.out.add_button(self.tr("Choose…"), self.tr("Choose the drafter's folder"))
        self.resume = QCheckBox(self.tr("Go on with the training in that folder"), self)
        self.resume.setToolTip(self.tr("Continues at its last checkpoint, with the same target, text and settings."))
        self.device = self._box(_DEVICES, self.tr("Device"), self.tr("Where target and drafter are computed."))
        self.dtype = self._box(
            _DTYPES, self.tr("Number type"), self.tr("Of the target; the drafter's weights are kept in float32.")
        )
        self.form = ConfigForm(DrafterConfig, self)
        self.needs = TrainNeeds(self)
        self.opened = OpenedNote(
            self.tr("Settings of the opened training."),
            self.tr("Give back the settings that were here before the training was opened"),
            self,
        )
        self.opened.hide()
        self._mine: Train | None = None
        self._of_opened: Train | None = None
        self._asked: Train | None = None
        self._answered: Train | None = None
        self._seen: tuple[TrainingEstimated | None, Surveyed | None, ModelLoaded | None, bool] | None = None
        self._out_suggested = ""
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self._lay_out()
        self._suggest_out()
        self._listen()
        self.draw((), store.summary)

    def command(self) -> Train:
        """The training as it is chosen."""
        return Train(
            target=self.target.spec().strip() or "builtin",
            data=self.data.text().strip(),
            out=self.out.text().strip(),
            settings=self.form.values(DrafterConfig),
            device=self.device.currentText(),
            dtype=self.dtype.currentText(),
            resume=self.resume.isChecked(),
        )

    def show_settings(self, command: Train) -> None:
        """Take up what an opened training was made with; device and number type stay, and one's own can be had back."""
        if (chosen := self.command()) != self._of_opened:
            self._mine = chosen
        self._take(command)
        self._of_opened = self.command()
        self.opened.show()

    def why_not(self) -> str:
        """Why it cannot be started, empty where it can."""
        command = self.command()
        if not command.data and not command.settings["sample"]:
            return self.tr("choose a text to learn from, or let the target write some (Sampled tokens)")
        if not command.out:
            return self.tr("choose a folder for the drafter")
        needed = self.store.tab(TrainingRunProgress).record.estimated
        return needed.why_not if needed is not None and command == self._answered else ""

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show what the training would take, and which targets there are."""
        store = self.store
        if (
            store.tab(TrainingRunProgress).record.estimated is not None
            and self._asked is not None
            and not store.commands.unanswered
        ):
            self._answered = self._asked
        seen = (
            store.tab(TrainingRunProgress).record.estimated,
            store.engine.surveyed,
            store.engine.model,
            store.tab(TrainingRunProgress).record.live,
        )
        if seen != self._seen:
            self._seen = seen
            self._offer()
            self._show_needs()
            self._enable(not store.tab(TrainingRunProgress).record.live)
            if not store.tab(TrainingRunProgress).record.live:
                self._suggest_out()
        if self._has_question() and not self._pause.isActive():
            self._pause.start()

    def save(self, settings: QSettings) -> None:
        """Keep the choices for the next start, but for the folder, which is a new one each time."""
        settings.setValue("train/target", self.target.spec())
        settings.setValue("train/data", self.data.text())
        self.form.save(settings, "train")

    def restore(self, settings: QSettings) -> None:
        """Take up those of the last time."""
        for name, take in (("target", self.target.set_spec), ("data", self.data.setText)):
            if isinstance(stored := settings.value(f"train/{name}"), str) and stored:
                take(stored)
        self.form.restore(settings, "train")

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """What is hidden asks nothing."""
        self._pause.stop()
        super().hideEvent(event)

    # What the engine says

    def _has_question(self) -> bool:
        heard = self.store.engine.model is not None or self.store.engine.estimated is not None
        idle = not self.store.busy and not self.store.commands.unanswered
        ready = heard and idle and self.isVisible()
        return ready and bool(self.command().out) and self.command() != self._asked

    def _ask(self) -> None:
        if self._has_question():
            self._asked = self.command()
            self.store.ask(EstimateTraining(self._asked))

    def _show_needs(self) -> None:
        needed, command = self.store.tab(TrainingRunProgress).record.estimated, self.command()
        known = needed is not None and needed.layers and command in (
            self._answered, self._of_opened, self.store.tab(TrainingRunProgress).record.command,
        )  # fmt: skip
        minutes, steps = (float(command.settings[name] or 0) for name in ("minutes", "steps"))
        self.needs.show_needs(needed if known else None, minutes, int(steps), self.why_not())

    def _offer(self) -> None:
        surveyed, model = self.store.engine.surveyed, self.store.engine.model
        found = [] if surveyed is None else [one for one in surveyed.options if one.role == "target"]
        choices = [ModelChoice(one.spec, one.title, "", "", one.why_not) for one in found] or [
            ModelChoice("builtin", "builtin")
        ]
        if model is not None and model.target not in [choice.spec for choice in choices]:
            choices.append(ModelChoice(model.target, model.target, "", self.tr("loaded")))
        self.target.set_choices(choices)

    # What is chosen

    def _take(self, command: Train) -> None:
        """Choose all of a training's; what the engine said of another is not about it."""
        self._asked = self._answered = None
        self.target.set_spec(command.target)
        self.data.setText(command.data)
        self.out.setText(command.out)
        self.resume.setChecked(command.resume)
        self.form.set_values(command.settings)
        self._follow()

    def _give_back(self) -> None:
        mine, self._mine, self._of_opened = self._mine, None, None
        self.opened.hide()
        if mine is not None:
            self._take(mine)

    def _listen(self) -> None:
        self.target.spec_changed.connect(self._suggest_out)
        title = self.tr("Choose a model folder")
        self.target.folder_asked.connect(lambda: path_line.choose(self, title, self.target.set_spec))
        for line in (self.data, self.out):
            line.changed.connect(self._follow)
        for box in (self.device, self.dtype):
            box.currentTextChanged.connect(self._follow)
        self.target.spec_changed.connect(self._follow)
        self.resume.toggled.connect(self._follow)
        self.opened.back_asked.connect(self._give_back)
        self.form.changed.connect(self._follow)

    def _follow(self) -> None:
        self._show_needs()
        self.changed.emit()
        if self._has_question():
            self._pause.start()

    def _suggest_out(self) -> None:
        """Name a folder that is not there yet, unless one was typed or is that of a training to go on with."""
        if self.out.text() != self._out_suggested or self.resume.isChecked() or self._can_go_on():
            return
        free = str(_free_folder(self.target.spec()))
        if free != self._out_suggested:
            self._out_suggested = free
            self.out.setText(free)

    def _can_go_on(self) -> bool:
        """Whether target and folder are those of the training on show, which has steps left."""
        record, chosen = self.store.tab(TrainingRunProgress).record, self.command()
        command = record.command
        return command is not None and not record.complete and (command.target, command.out) == (
            chosen.target, chosen.out,
        )  # fmt: skip

    # Look

    def _enable(self, enabled: bool) -> None:
        for widget in self._inputs:
            widget.setEnabled(enabled)

    @property
    def _inputs(self) -> tuple[QWidget, ...]:
        return self.target, self.data, self.out, self.resume, self.device, self.dtype, self.form

    def _box(self, known: Sequence[str], name: str, tip: str) -> SteadyBox:
        box = SteadyBox(self)
        box.addItems(list(known))
        box.setAccessibleName(name)
        box.setToolTip(tip)
        return box

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(self.opened)
        for title, *contents in (
            (self.tr("Drafter for"), self._where()),
            (self.tr("Text to learn from"), self.data),
            (self.tr("Folder of the drafter"), self.out, self.resume),
            (self.tr("What it takes"), self.needs),
            (self.tr("Training"), self.form),
        ):
            column.addWidget(plain_label(title, self, role="title"))
            for content in contents:
                column.addWidget(content)
            column.addSpacing(theme.HALF)
        column.addStretch(1)

    def _where(self) -> QWidget:
        where = QWidget(self)
        form = QFormLayout(where)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(theme.GRID - 2)
        form.setHorizontalSpacing(theme.GRID)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, widget in (
            (self.tr("Target"), self.target),
            (self.tr("Device"), self.device),
            (self.tr("Numbers"), self.dtype),
        ):
            label = plain_label(text, self)
            label.setBuddy(widget)
            label.setToolTip(widget.toolTip())
            form.addRow(label, widget)
        return where


def _free_folder(target: str) -> Path:
    """A folder of the user's that is not there yet, named after the target."""
    name = "".join(c if c.isalnum() or c in "-._" else "-" for c in Path(target).name) or "drafter"
    base = paths.training() / "drafters"
    wanted = (base / f"{name}-{i}" for i in range(1, _MOST_NAMES))
    return next((folder for folder in wanted if not folder.exists()), base)
