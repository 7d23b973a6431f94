"""How the target is asked: as chat or with the text as it is, why, and the system prompt."""

from collections.abc import Mapping
from typing import get_args

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QFormLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.panels.setup.prompt_preview import PromptPreview
from app.text.plain_text import one_line
from app.widgets.labels import plain_label
from app.widgets.steady_box import SteadyBox
from engine.events import ModelLoaded, Setting
from engine.settings import ChatChoice

_CHOICES: tuple[ChatChoice, ...] = get_args(ChatChoice)
_LINES = 3


class ChatBox(QWidget):
    """Shown where the target has a chat template. `changed`: a setting was edited."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._model: ModelLoaded | None = None
        self.choice = SteadyBox(self)
        for name, value in zip(
            (self.tr("Automatic"), self.tr("As chat"), self.tr("Text as it is")), _CHOICES, strict=True
        ):
            self.choice.addItem(name, value)
        self.choice.setAccessibleName(self.tr("Ask as chat"))
        tip = self.tr("As chat: through the model's chat template. Automatic: instruct models are asked so.")
        self.choice.setToolTip(tip)
        self.choice.setAccessibleDescription(tip)
        self.why = plain_label("", self, role="muted", wraps=True)
        self.system = QPlainTextEdit(self)
        self.system.setPlaceholderText(self.tr("System prompt: how to answer"))
        self.system.setAccessibleName(self.tr("System prompt"))
        self.system.setToolTip(self.tr("What the model is told before the first question; empty for none."))
        self.system.setTabChangesFocus(True)
        self.system.setFixedHeight(self.fontMetrics().lineSpacing() * _LINES + 2 * theme.GRID)
        self.choice.currentIndexChanged.connect(self._on_changed)
        self.system.textChanged.connect(self._on_changed)
        self.preview = PromptPreview(self)
        self._lay_out()
        self.show_model(None)

    def values(self) -> dict[str, Setting]:
        """The settings; the usual ones where the target has no chat template."""
        if self._model is None or not self._model.chat_template:
            return {"chat": "auto", "system": ""}
        return {"chat": self._choice(), "system": self.system.toPlainText() if self.as_chat else ""}

    def set_values(self, values: Mapping[str, Setting]) -> None:
        """Show the settings of a run."""
        index = self.choice.findData(values.get("chat"))
        if index >= 0:
            self.choice.setCurrentIndex(index)
        if isinstance(system := values.get("system"), str):
            self.system.setPlainText(system)

    def ask_as_chat(self, system: str) -> None:
        """Set the system prompt of a conversation, and ask as chat where the target would not be asked so by itself."""
        self.system.setPlainText(system)
        if not self.as_chat:
            self.choice.setCurrentIndex(_CHOICES.index("on"))

    @property
    def as_chat(self) -> bool:
        """Whether the target is asked as chat."""
        model, choice = self._model, self._choice()
        return model is not None and model.chat_template and (choice == "on" or (choice == "auto" and model.chat))

    def show_model(self, model: ModelLoaded | None) -> None:
        """Show how the loaded target is asked; None: the chosen one is not loaded."""
        self._model = model
        self.setVisible(model is not None and model.chat_template)
        self._show_reason()

    def save(self, settings: QSettings) -> None:
        """Save the settings."""
        settings.setValue("decode/chat", self._choice())
        settings.setValue("decode/system", self.system.toPlainText())

    def restore(self, settings: QSettings) -> None:
        """Restore the saved settings."""
        stored = {name: str(settings.value(f"decode/{name}", "")) for name in ("chat", "system")}
        self.set_values(stored)

    def _choice(self) -> ChatChoice:
        return _CHOICES[self.choice.currentIndex()]

    def _on_changed(self) -> None:
        self._show_reason()
        self.changed.emit()

    def _show_reason(self) -> None:
        """Say why it is asked so, and offer the system prompt only where it is read."""
        reason = "" if self._model is None else one_line(self._model.why_chat)
        words = {"auto": reason, "on": self.tr("asked through its chat template"), "off": self.tr("continued as it is")}
        self.why.setText(words[self._choice()])
        self.system.setVisible(self.as_chat)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(theme.GRID)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        label = plain_label(self.tr("Ask"), self)
        label.setBuddy(self.choice)
        label.setToolTip(self.choice.toolTip())
        form.addRow(label, self.choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(plain_label(self.tr("Chat"), self, role="title"))
        column.addLayout(form)
        column.addWidget(self.why)
        column.addWidget(self.system)
        column.addWidget(self.preview)
