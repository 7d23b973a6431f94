"""Panel of exactly what each model read: a list of prompts, and the selected one with its parts tinted and counted."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QTextCharFormat
from PySide6.QtWidgets import QListWidget, QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from app import theme
from app.state.store import RunStore
from app.text.plain_text import one_line, paragraphs
from app.widgets.labels import plain_label
from app.words.counts import count
from app.workspaces.rag import answer_words
from app.workspaces.rag.answer_panel import AnswerPanel
from app.workspaces.rag.answer_words import tr
from app.workspaces.rag.text_marks import Marked, mark
from engine.events import PromptRead
from engine.events.answers import PromptPart

_LONGEST = 60
_SHARES = (28, 72)
_TINT = 0.16
# Used in turn; each part is also named in the line above the text.
_HUES = ("correction", "unverified", "accepted", "bonus", "rejected", "accent")


class PromptsPanel(AnswerPanel):
    """One row per prompt, in the order they were read. The text is what the model got, character by character, except
    for characters that could act on the reader."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._shown: PromptRead | None = None
        self._spans: tuple[PromptPart, ...] = ()
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("Prompts"))
        self.list.setToolTip(self.tr("What was read, in this order."))
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setFont(theme.tabular(self.list.font()))
        self.list.currentRowChanged.connect(lambda _row: self._show())
        self.parts = plain_label("", self, role="muted", wraps=True)
        self.parts.setAccessibleName(self.tr("Parts of the prompt, in tokens"))
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setAccessibleName(self.tr("The prompt as it was read"))
        self.text.setPlaceholderText(self.tr("Exactly what each model read appears here, with its tokens counted."))
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

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()

    def _show(self) -> None:
        row = self.list.currentRow()
        prompt = self.answer.prompts[row] if 0 <= row < len(self.answer.prompts) else None
        if prompt is self._shown:
            return
        self._shown = prompt
        text, self._spans = ("", ()) if prompt is None else readable(prompt)
        self.text.setPlainText(text)
        self.parts.setText("" if prompt is None else _counts(prompt))
        self._tint()

    def _tint(self) -> None:
        """Give every named part its own background colour."""
        colours, marks = theme.current(), []
        for number, part in enumerate(part for part in self._spans if part.name):
            text_format = QTextCharFormat()
            hue = QColor(getattr(colours, _HUES[number % len(_HUES)]))
            text_format.setBackground(theme.blend(hue, QColor(colours.base), _TINT))
            marks.append(Marked(part.start, part.end, text_format))
        mark(self.text, marks)

    def _lay_out(self) -> None:
        right = QWidget(self)
        inner = QVBoxLayout(right)
        inner.setContentsMargins(theme.GRID, 0, 0, 0)
        inner.setSpacing(theme.GRID)
        inner.addWidget(self.parts)
        inner.addWidget(self.text, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.list)
        splitter.addWidget(right)
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


def _counts(prompt: PromptRead) -> str:
    counts = [
        f"{one_line(part.name, longest=_LONGEST) or tr('layout')} {part.n_tokens:,}"
        for part in _merge_layout(prompt.parts)
    ]
    note = [one_line(prompt.note)] if prompt.note else []
    chat = [tr("asked as chat")] if prompt.chat else []
    return tr("{0}: {1}").format(count(prompt.n_tokens, "token"), " · ".join([*counts, *chat, *note]))


def _merge_layout(parts: Sequence[PromptPart]) -> list[PromptPart]:
    """The parts, with the unnamed ones merged at the end: they are the layout between the others."""
    named = [part for part in parts if part.name]
    n_layout = sum(part.n_tokens for part in parts if not part.name)
    return [*named, PromptPart("", 0, 0, n_layout)] if n_layout else named


def readable(prompt: PromptRead) -> tuple[str, tuple[PromptPart, ...]]:
    """Return the prompt as text that is safe to show, and the positions of its parts in that text."""
    pieces: list[str] = []
    parts: list[PromptPart] = []
    at = length = 0
    for part in sorted(prompt.parts, key=lambda part: part.start):
        start = max(at, part.start)
        before, inside = paragraphs(prompt.text[at:start]), paragraphs(prompt.text[start : part.end])
        begin = length + len(before)
        parts.append(PromptPart(part.name, begin, begin + len(inside), part.n_tokens))
        pieces += before, inside
        length, at = begin + len(inside), max(start, part.end)
    pieces.append(paragraphs(prompt.text[at:]))
    return "".join(pieces), tuple(parts)
