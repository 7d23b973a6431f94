"""Panel of exactly what each model read: a list of prompts, and the selected one."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QSplitter, QVBoxLayout, QWidget

from app import theme
from app.panels.prompt_text import PromptText
from app.state.store import RunStore
from app.words.counts import count
from app.workspaces.rag import answer_words
from app.workspaces.rag.answer_panel import AnswerPanel
from app.workspaces.rag.answer_words import tr
from engine.events import PromptRead

_SHARES = (28, 72)


class PromptsPanel(AnswerPanel):
    """One row per prompt, in the order they were read."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("Prompts"))
        self.list.setToolTip(self.tr("What was read, in this order."))
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setFont(theme.tabular(self.list.font()))
        self.list.currentRowChanged.connect(lambda _row: self._show())
        self.shown = PromptText(self)
        self._lay_out()

    def clear(self) -> None:
        """Empty the list of prompts."""
        super().clear()
        self.list.clear()
        self._show()

    def show_answer(self) -> None:
        """List the new prompts."""
        prompts = self.answer.prompts
        for prompt in prompts[self.list.count() :]:
            self.list.addItem(_label(prompt))
        if self.list.currentRow() < 0 and prompts:
            self.list.setCurrentRow(0)

    def _show(self) -> None:
        row = self.list.currentRow()
        prompt = self.answer.prompts[row] if 0 <= row < len(self.answer.prompts) else None
        self.shown.show_prompt(prompt)

    def _lay_out(self) -> None:
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.list)
        splitter.addWidget(self.shown)
        splitter.setSizes([share * 10 for share in _SHARES])
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        column.addWidget(splitter)


def _label(prompt: PromptRead) -> str:
    """Who read the prompt, for which purpose and draft, and its length."""
    purpose = answer_words.purpose(prompt.purpose)
    reader = {"target": tr("target"), "drafter": tr("drafter")}[prompt.reader]
    draft = "" if prompt.draft is None else tr(" {0}").format(prompt.draft + 1)
    return tr("{0}: {1}{2}, {3}").format(reader, purpose, draft, count(prompt.n_tokens, "token"))
