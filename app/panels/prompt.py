"""The prompt and the buttons beside it; knows what may be pressed from the store, not what a press does."""

from collections.abc import Sequence

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.labels import plain_label
from app.panel import Panel
from app.store import RunStore
from engine.events import Event
from engine.summary import Summary

EXAMPLE_PROMPTS = (
    "It was dawn in Keldmouth, and Dororan the harbour master was already awake. "
    "That morning a thick fog lay on the water,",
    "Nobody in Harlgate could remember a time before Jorold, the gentle glassblower who kept the glass house",
)
_PROMPT_LINES = 2


class PromptPanel(Panel):
    """Prompt, Run, Pause, Step, Stop."""

    run_asked = Signal()
    pause_asked = Signal()
    step_asked = Signal()
    stop_asked = Signal()

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.prompt = QPlainTextEdit(self)
        self.prompt.setPlainText(EXAMPLE_PROMPTS[0])
        self.prompt.setPlaceholderText(self.tr("Write a prompt to continue"))
        self.prompt.setAccessibleName(self.tr("Prompt"))
        self.prompt.setTabChangesFocus(True)
        self.prompt.setFixedHeight(self.fontMetrics().lineSpacing() * _PROMPT_LINES + 2 * theme.GRID)
        self.run = self._button(self.tr("▶  Run"), self.tr("Continue the prompt (Ctrl+Enter)"), self.run_asked)
        self.run.setProperty("primary", True)
        self.pause = self._button(
            self.tr("Pause"), self.tr("Hold after the round under way, or go on"), self.pause_asked
        )
        self.step = self._button(self.tr("Step"), self.tr("Make one round and hold (F10)"), self.step_asked)
        self.stop = self._button(self.tr("Stop"), self.tr("Stop; what was made so far is kept (Esc)"), self.stop_asked)
        self._lay_out()
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Say what may be pressed now."""
        held = self.store.paused and self.store.in_rounds
        self.run.setEnabled(not self.store.commands.has_run and not self.store.reading)
        self.pause.setText(self.tr("Resume") if held else self.tr("Pause"))
        self.pause.setEnabled(self.store.in_rounds)
        self.step.setEnabled(self.store.in_rounds or self.run.isEnabled())
        self.stop.setEnabled(self.store.commands.front is not None)

    def _button(self, text: str, tip: str, asked: SignalInstance) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        button.clicked.connect(asked)
        return button

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID)
        buttons.addWidget(plain_label(self.tr("Prompt"), self, role="title"))
        buttons.addStretch(1)
        for button in (self.run, self.pause, self.step, self.stop):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addLayout(buttons)
        column.addWidget(self.prompt)
