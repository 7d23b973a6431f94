"""Shows exactly what a model read: the text with its parts tinted, and how many tokens each part has."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QColor, QTextCharFormat
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.text.plain_text import one_line, paragraphs
from app.widgets.labels import plain_label
from app.widgets.text_marks import Marked, mark
from app.words.counts import count
from engine.events import PromptRead
from engine.events.answers import PromptPart

_LONGEST = 60
_TINT = 0.16
# Used in turn; each part is also named in the line above the text.
_HUES = ("correction", "unverified", "accepted", "bonus", "rejected", "accent")


def tr(text: str) -> str:
    """Translate a text about a prompt."""
    return QCoreApplication.translate("prompt_text", text)


class PromptText(QWidget):
    """The text is what the model got, character by character, except for characters that could act on the reader."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: PromptRead | None = None
        self._spans: tuple[PromptPart, ...] = ()
        self.parts = plain_label("", self, role="muted", wraps=True)
        self.parts.setAccessibleName(self.tr("Parts of the prompt, in tokens"))
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setAccessibleName(self.tr("The prompt as it was read"))
        self.text.setPlaceholderText(self.tr("Exactly what each model read appears here, with its tokens counted."))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.parts)
        column.addWidget(self.text, 1)

    def show_prompt(self, prompt: PromptRead | None) -> None:
        """Show a prompt; None: nothing."""
        if prompt is self._shown:
            return
        self._shown = prompt
        text, self._spans = ("", ()) if prompt is None else readable(prompt)
        self.text.setPlainText(text)
        self.parts.setText("" if prompt is None else _counts(prompt))
        self._tint()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
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
