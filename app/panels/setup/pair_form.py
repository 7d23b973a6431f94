"""Form to choose target, drafter, device, number type and forward, with the engine's notes on the models."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QSettings, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.choices.recent_folders import RecentFolders
from app.state.requests import NO_DRAFTER, default_drafter
from app.text.plain_text import one_line, plain_tip
from app.widgets import labels, path_line
from app.widgets.choice_box import ChoiceBox
from app.widgets.elided_label import ElidedLabel
from app.widgets.labels import plain_label
from app.widgets.model_picker import ModelChoice, ModelPicker
from app.widgets.note_label import NoteLabel
from app.words import conversions, quantities, refused_model, runs
from app.words.model_names import builtin_name, full_name, is_builtin
from engine import drafters
from engine.commands import Load
from engine.events import ConversionStarted, Estimated, ModelLoaded, ModelOption, Role, Surveyed
from engine.models import checkpoint_folder

DEVICES = ("auto", "cpu", "cuda")
DTYPES = ("auto", "fastest", "float32", "bfloat16", "float16")
RUNTIMES = ("auto", "fused", "modules")
_NOTE_LINES = 2


class PairForm(QWidget):
    """Target and drafter; `computing` holds how they are computed, for its owner to place.

    `changed` is emitted when another pair is chosen, `look_asked` when the user asks to search for models again."""

    changed = Signal()
    look_asked = Signal()

    def __init__(self, pair: Load, parent: QWidget) -> None:
        super().__init__(parent)
        self.recent = RecentFolders()
        self._surveyed: Surveyed | None = None
        self._drafter_device = pair.drafter_device
        self._replaced_drafter = ""
        self._conversions: tuple[ConversionStarted, ...] = ()
        self.target = ModelPicker(pair.target, self.tr("Target"), self._target_tip(), self)
        self.drafter = ModelPicker(pair.drafter, self.tr("Drafter"), self._drafter_tip(), self)
        of_device, of_dtype, of_runtime = computing_tips()
        self.device = self._choice_box(DEVICES, pair.device, self.tr("Device"), of_device)
        self.dtype = self._choice_box(DTYPES, pair.dtype, self.tr("Number format"), of_dtype)
        self.runtime = self._choice_box(RUNTIMES, pair.runtime, self.tr("Forward pass"), of_runtime)
        self.runtime_note = NoteLabel(_NOTE_LINES, self, role="muted")
        self.target_note = NoteLabel(_NOTE_LINES, self, role="muted")
        self.drafter_note = NoteLabel(_NOTE_LINES, self, role="muted")
        self.others = ElidedLabel(self, role="muted")
        self.computing = QWidget(self)
        self._lay_out()
        self.target.spec_changed.connect(self._follow_target)
        self.drafter.spec_changed.connect(self._follow_drafter)
        for picker in (self.target, self.drafter):
            picker.folder_asked.connect(lambda picker=picker: self._ask_folder(picker))
            picker.file_asked.connect(lambda picker=picker: self._ask_file(picker))
            picker.look_asked.connect(self.look_asked)
        for box in (self.device, self.dtype, self.runtime):
            box.currentIndexChanged.connect(self.changed)
        self._update_lists()

    @property
    def n_changed(self) -> int:
        """How many of the choices in `computing` are not those at the start."""
        return sum(box.currentIndex() > 0 for box in (self.device, self.dtype, self.runtime))

    def pair(self) -> Load:
        """The chosen pair."""
        return Load(
            target=self.target.spec().strip() or "builtin",
            drafter=self.drafter.spec().strip() or NO_DRAFTER,
            device=self.device.value(),
            dtype=self.dtype.value(),
            drafter_device=self._drafter_device,
            runtime=self.runtime.value(),
        )

    def choose(self, target: str, drafter: str) -> None:
        """Choose both models at once."""
        self.target.set_spec(target)
        self._replaced_drafter = ""
        self.drafter.set_spec(drafter)
        self.changed.emit()

    def choose_runtime(self, name: object) -> None:
        """Choose the forward; an unknown name changes nothing."""
        if name in RUNTIMES:
            self.runtime.choose(str(name))

    def remember(self, *specs: str) -> None:
        """Add the folders among these to the lists."""
        for spec in specs:
            self.recent.add(spec)
        self._update_lists()

    def restore_folders(self, settings: QSettings) -> None:
        """Add the folders of the last session to the lists."""
        self.recent.restore(settings)
        self._update_lists()

    def show_survey(self, surveyed: Surveyed) -> None:
        """List the models that the engine found, with its reasons against some."""
        self._surveyed = surveyed
        self._update_lists()

    def take_survey(self, surveyed: Surveyed | None) -> None:
        """List the models of a newer survey; an old one, or none, changes nothing."""
        if surveyed is not None and surveyed is not self._surveyed:
            self.show_survey(surveyed)
            self.show_reason("")

    def show_runtime(self, model: ModelLoaded | None) -> None:
        """Show the forward of the models in memory, and why it is not the fused one."""
        self.runtime_note.setText("" if model is None else runs.runtimes(model))
        is_through_text = model is not None and model.drafts_through == "text"
        tip = f"{runs.shared_tokens(model)}. {runs.way_through_text()}" if model is not None and is_through_text else ""
        self.runtime_note.setToolTip(plain_tip(tip) if tip else "")

    def show_conversions(self, estimate: Estimated | None) -> None:
        """Keep what loading the chosen pair converts first, which the notes below the models then say."""
        self._conversions = () if estimate is None else estimate.conversions

    def show_reason(self, why_not: str) -> None:
        """Show why the chosen pair cannot be used, below the model at fault; below the others, what they are."""
        role, reason = (
            (refused_model.role_at_fault(why_not, self.pair()), why_not) if why_not else self._option_reason()
        )
        self._show_note(self.target, self.target_note, reason if role == "target" else "", self._model_note("target"))
        self._show_note(self.drafter, self.drafter_note, reason if role == "drafter" else "", self._drafter_note())
        self.drafter_note.setToolTip(self._through_text_tip())
        self.others.setText(self._refused_text())
        more = self.tr("What cannot serve stays in the lists, with its reason.")
        self.others.setToolTip(plain_tip(f"{self.others.text()}\n{more}") if self.others.text() else "")

    def _through_text_tip(self) -> str:
        """What drafting through text means, where the chosen drafter does."""
        spec = self.drafter.spec().strip()
        is_so = any(_is_through_text(option) for option in self._options("drafter") if option.spec == spec)
        return plain_tip(runs.way_through_text()) if is_so else ""

    def _show_note(self, picker: ModelPicker, note: QLabel, why_not: str, description: str) -> None:
        text = self.tr("⚠ why not: {0}").format(one_line(why_not)) if why_not else description
        note.setText(text)
        labels.set_role(note, "bad" if why_not else "muted")
        picker.show_fault(text if why_not else "")

    def _model_note(self, role: Role) -> str:
        """A short description of the chosen model."""
        spec = (self.target if role == "target" else self.drafter).spec().strip()
        if name := builtin_name(spec, role):
            return name
        for conversion in self._conversions:
            if Path(spec).expanduser() == Path(conversion.file):
                return conversions.needs(conversion)
        option = next((option for option in self._options(role) if option.spec == spec), None)
        size = self._size(option.n_bytes) if option is not None and option.n_bytes else self.tr("size not known yet")
        return f"{runs.through_text()} · {size}" if option is not None and _is_through_text(option) else size

    def _drafter_note(self) -> str:
        if self._replaced_drafter:
            why = self.tr("drafter set to {0} because the built-in one was made for the built-in target")
            return why.format(one_line(self.drafter.spec()))
        spec = self.drafter.spec().strip()
        if spec == NO_DRAFTER:
            return self.tr("plain decoding")
        family = next((drafter for drafter in drafters.offered() if drafter.spec == spec.partition(":")[0]), None)
        return self._model_note("drafter") if family is None else family.help

    def _option_reason(self) -> tuple[Role | None, str]:
        pair = self.pair()
        if self._surveyed is None or self._surveyed.target != pair.target:
            return None, ""
        pair_specs = (("target", pair.target), ("drafter", pair.drafter))
        options = (option for option in self._surveyed.options if (option.role, option.spec) in pair_specs)
        return next(((option.role, option.why_not) for option in options if option.why_not), (None, ""))

    def _refused_text(self) -> str:
        if self._surveyed is None:
            return ""
        if self._surveyed.problem:
            return one_line(self._surveyed.problem)
        n_refused = sum(bool(option.why_not) for option in self._options("drafter"))
        if not n_refused:
            return ""
        return self.tr("Drafters that cannot follow: {0}").format(n_refused)

    def _options(self, role: Role) -> list[ModelOption]:
        """The models that the engine found; its reasons against drafters are dropped if they are for another target."""
        if self._surveyed is None:
            return []
        options = [option for option in self._surveyed.options if option.role == role]
        is_stale = role == "drafter" and self._surveyed.target != self.target.spec().strip()
        return [replace(option, why_not="", drafts_through="ids") for option in options] if is_stale else options

    def _update_lists(self) -> None:
        """Fill both lists: the built-in models, drafters without a model, recent folders, the hub cache."""
        self.target.set_choices(self._model_choices("target", ("builtin",), ()))
        no_model = (
            *(ModelChoice(drafter.spec, drafter.spec, "", drafter.help) for drafter in drafters.offered()),
            ModelChoice(NO_DRAFTER, NO_DRAFTER, "", self.tr("plain decoding, one token at a time")),
        )
        self.drafter.set_choices(self._model_choices("drafter", tuple(checkpoint_folder.BUILTIN_DRAFTERS), no_model))

    def _model_choices(self, role: Role, builtin: Sequence[str], free: Sequence[ModelChoice]) -> list[ModelChoice]:
        free_specs = {choice.spec for choice in free}
        options = {option.spec: option for option in self._options(role) if option.spec not in free_specs}
        builtin_choices = [self._model_choice(options.pop(spec, ModelOption(spec, spec, 0, role))) for spec in builtin]
        recent = [options.pop(spec, ModelOption(spec, Path(spec).name, 0, role)) for spec in self.recent.specs]
        return [*builtin_choices, *free, *(self._model_choice(option) for option in (*recent, *options.values()))]

    def _model_choice(self, option: ModelOption) -> ModelChoice:
        builtin = is_builtin(option.spec)
        note = self.tr("comes with Draftscope, taught on invented harbour stories") if builtin else option.spec
        note = self.tr("in the hub cache") if option.spec == option.title and not builtin else note
        note = f"{runs.through_text()} · {note}" if _is_through_text(option) else note
        title = full_name(option.spec, option.role) if builtin else option.title
        size = self._size(option.n_bytes) if option.n_bytes else ""
        return ModelChoice(option.spec, title, size, note, option.why_not)

    def _size(self, n_bytes: int) -> str:
        """The size of a model's files; it may take more in memory."""
        return self.tr("{0} on disk").format(quantities.memory(n_bytes))

    def _follow_target(self) -> None:
        """Replace a built-in drafter, which fits the built-in target only, and restore it with the built-in target."""
        target, drafter = self.target.spec().strip(), self.drafter.spec()
        if target != "builtin" and drafter in checkpoint_folder.BUILTIN_DRAFTERS:
            self.drafter.set_spec(default_drafter(target))
            self._replaced_drafter = drafter
        elif target == "builtin" and self._replaced_drafter:
            self.drafter.set_spec(self._replaced_drafter)
        self._update_lists()
        self.changed.emit()

    def _follow_drafter(self) -> None:
        """Keep the drafter that the user chose: forget the replaced one."""
        self._replaced_drafter = ""
        self.changed.emit()

    def _ask_folder(self, picker: ModelPicker) -> None:
        """Ask the user for a folder."""
        title = self.tr("Choose a model folder")
        path_line.choose(self, title, lambda folder: self._take_folder(picker, folder))

    def _ask_file(self, picker: ModelPicker) -> None:
        """Ask the user for a GGUF file."""
        path_line.choose_gguf(self, lambda file: self._take_folder(picker, file))

    def _take_folder(self, picker: ModelPicker, folder: str) -> None:
        picker.set_spec(folder)
        self.remember(folder)
        self.look_asked.emit()

    def _choice_box(self, options: Sequence[str], current: str, name: str, tip: str) -> ChoiceBox:
        setting = "runtime" if options is RUNTIMES else ""
        box = ChoiceBox(setting, [*options, *([] if current in options else [current])], self)
        box.choose(current)
        box.setAccessibleName(name)
        box.setToolTip(tip)
        return box

    def _target_tip(self) -> str:
        return self.tr(
            "The model whose distribution is preserved: builtin, a folder, a GGUF file, or a hub id in the local cache."
        )

    def _drafter_tip(self) -> str:
        return self.tr("What proposes tokens: a small model, {0} without a model, none for plain decoding.").format(
            ", ".join(drafter.usage for drafter in drafters.offered())
        )

    def _lay_out(self) -> None:
        form = self._form(((self.tr("Target"), self.target), (self.tr("Drafter"), self.drafter)))
        form.insertRow(1, self.target_note)
        form.insertRow(3, self.drafter_note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addLayout(form)
        column.addWidget(self.others)
        rows = (
            (self.tr("Device"), self.device),
            (self.tr("Number format"), self.dtype),
            (self.tr("Forward pass"), self.runtime),
        )
        computing = self._form(rows)
        computing.addRow(self.runtime_note)
        self.computing.setLayout(computing)

    def _form(self, rows: Sequence[tuple[str, QComboBox]]) -> QFormLayout:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(theme.GRID - 2)
        form.setHorizontalSpacing(theme.GRID)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, box in rows:
            label = plain_label(text, self)
            label.setBuddy(box)
            label.setToolTip(box.toolTip())
            form.addRow(label, box)
        return form


def _is_through_text(option: ModelOption) -> bool:
    """Whether a model is a drafter of another tokenizer than the target's."""
    return option.drafts_through == "text" and not option.why_not


def computing_tips() -> tuple[str, str, str]:
    """What device, number format and forward pass mean, wherever they are chosen."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("PairForm", text)

    return (
        tr("Where the models run: auto takes the first GPU where there is one."),
        tr(
            "How numbers are stored: auto is float32 on a CPU and bfloat16 on a GPU, fastest is measured once on this"
            " machine. Half the bits, half the memory."
        ),
        tr(
            "What computes a step: fused is Draftscope's own, leaner way through the model, modules is transformers'. "
            "Both give the same numbers up to rounding; auto is fused wherever it is exact."
        ),
    )
