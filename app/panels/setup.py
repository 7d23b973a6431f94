"""Panel of the setup: which target and drafter, and with what settings; decides nothing about when they are used."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QComboBox, QFileDialog, QFormLayout, QVBoxLayout, QWidget

from app import theme, words
from app.config_form import ConfigForm
from app.labels import plain_label
from app.panel import Panel
from app.requests import NO_DRAFTER, Setup, default_drafter, method_of
from app.store import RunStore
from engine import folders
from engine.events import Event, Setting
from engine.host import Load
from engine.methods.plain.config import PlainConfig
from engine.methods.speculative.config import SpeculativeConfig
from engine.summary import Summary

_FIRST = ("gamma", "temperature", "top_k", "top_p", "min_p", "max_new_tokens", "seed")
_TARGETS = ("builtin",)
_DRAFTERS = (*folders.BUILTIN_DRAFTERS, "lookup", NO_DRAFTER)
_DEVICES = ("auto", "cpu", "cuda")
_DTYPES = ("auto", "float32", "bfloat16", "float16")


class SetupPanel(Panel):
    """Pickers and the form of the method that follows from them."""

    def __init__(self, store: RunStore, pair: Load, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._pair = pair
        self.target = self._picker(_TARGETS, pair.target, self.tr("Target"))
        self.target.setToolTip(
            self.tr("The model whose distribution is preserved: builtin, a folder, or a cached hub id.")
        )
        self.drafter = self._picker(_DRAFTERS, pair.drafter, self.tr("Drafter"))
        self.drafter.setToolTip(
            self.tr("What proposes tokens: a model, lookup[:N] for prompt lookup, none for plain decoding.")
        )
        self.device = self._choice(_DEVICES, pair.device, self.tr("Device"))
        self.dtype = self._choice(_DTYPES, pair.dtype, self.tr("Number type"))
        self.method = plain_label("", self, role="muted", wraps=True)
        self.memory = plain_label("", self, role="muted", wraps=True)
        self.form = ConfigForm(SpeculativeConfig, self, first=_FIRST)
        self.target.currentTextChanged.connect(self._follow_target)
        self.drafter.currentTextChanged.connect(self._follow_drafter)
        self._lay_out()
        self._follow_drafter()

    def setup(self) -> Setup:
        """What is chosen."""
        pair = Load(
            target=self.target.currentText().strip() or "builtin",
            drafter=self.drafter.currentText().strip() or NO_DRAFTER,
            device=self.device.currentText(),
            dtype=self.dtype.currentText(),
            drafter_device=self._pair.drafter_device,
        )
        return Setup(pair, self.form.values(_config_of(pair.drafter)))

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Say what the models take."""
        needed, model = self.store.estimated, self.store.model
        if needed is None:
            self.memory.setText(self.tr("Known once a pair is being loaded."))
            return
        parts = [
            self.tr("weights {0}").format(words.memory(needed.weights_bytes)),
            self.tr("KV {0}").format(words.memory(needed.kv_bytes)),
            self.tr("drafter {0}").format(words.memory(needed.drafter_bytes)),
            self.tr("free {0} on {1}").format(words.memory(needed.free_bytes), needed.device),
        ]
        if model is not None:
            parts.append(self.tr("context {0:,} tokens").format(model.context))
        self.memory.setText("\n".join(parts))

    def save(self, settings: QSettings) -> None:
        """Keep the settings for the next start; the pair is named on the command line or built in."""
        for name, value in self.form.values(SpeculativeConfig).items():
            settings.setValue(f"decode/{name}", value)

    def restore(self, settings: QSettings) -> None:
        """Take up the settings of the last time."""
        for name, default in self.form.values(SpeculativeConfig).items():
            if isinstance(default, bool):
                self.form.set_values({name: bool(settings.value(f"decode/{name}", default, type=bool))})
            else:
                self.form.set_values({name: _number(settings.value(f"decode/{name}"), default)})

    def _picker(self, known: Sequence[str], chosen: str, name: str) -> QComboBox:
        box = self._choice(known, chosen, name)
        box.addItem(self.tr("folder…"))
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setEditText(chosen)
        if (edit := box.lineEdit()) is not None:
            edit.setCursorPosition(0)
        last = box.count() - 1
        box.activated.connect(lambda index: self._ask_folder(box) if index == last else None)
        return box

    def _choice(self, known: Sequence[str], chosen: str, name: str) -> QComboBox:
        box = QComboBox(self)
        box.addItems([*known, *([] if chosen in known else [chosen])])
        box.setCurrentText(chosen)
        box.setAccessibleName(name)
        box.setMinimumContentsLength(10)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return box

    def _ask_folder(self, box: QComboBox) -> None:
        """Let a folder be chosen, and put its path into the box."""
        is_drafter = box is self.drafter
        box.setEditText(default_drafter(self.target.currentText()) if is_drafter else "builtin")
        dialog = QFileDialog(self, self.tr("Choose a model folder"), str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(box.setEditText)
        dialog.open()

    def _follow_target(self) -> None:
        """A built-in drafter speaks only the built-in target's vocabulary."""
        target, drafter = self.target.currentText().strip(), self.drafter.currentText()
        if target != "builtin" and drafter in folders.BUILTIN_DRAFTERS:
            self.drafter.setEditText(default_drafter(target))

    def _follow_drafter(self) -> None:
        drafter = self.drafter.currentText().strip() or NO_DRAFTER
        self.form.limit_to(_config_of(drafter))
        plain = method_of(drafter) == "plain"
        self.method.setText(self.tr("Plain decoding") if plain else self.tr("Speculative decoding"))

    def _lay_out(self) -> None:
        models = QFormLayout()
        models.setContentsMargins(0, 0, 0, 0)
        models.setVerticalSpacing(theme.GRID - 2)
        models.setHorizontalSpacing(theme.GRID)
        models.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, box in (
            (self.tr("Target"), self.target),
            (self.tr("Drafter"), self.drafter),
            (self.tr("Device"), self.device),
            (self.tr("Numbers"), self.dtype),
        ):
            label = plain_label(text, self)
            label.setBuddy(box)
            models.addRow(label, box)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(plain_label(self.tr("Models"), self, role="title"))
        column.addLayout(models)
        column.addSpacing(theme.HALF)
        column.addWidget(plain_label(self.tr("Method"), self, role="title"))
        column.addWidget(self.method)
        column.addWidget(self.form)
        column.addSpacing(theme.HALF)
        column.addWidget(plain_label(self.tr("Memory"), self, role="title"))
        column.addWidget(self.memory)
        column.addStretch(1)


def _number(stored: object, default: Setting) -> Setting:
    """A stored number; the default where there is none or the file was edited into something else."""
    try:
        return default if stored is None else float(str(stored))
    except ValueError:
        return default


def _config_of(drafter: str) -> type[PlainConfig] | type[SpeculativeConfig]:
    return PlainConfig if method_of(drafter) == "plain" else SpeculativeConfig
