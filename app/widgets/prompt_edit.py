"""A text box that gives back exactly what was put into it and never lays out more than it can in a moment."""

import re

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app import theme

LONGEST_EDITED = 20_000
_LONGEST_SHOWN = 2_000
_LEAST_LINES, _MOST_LINES = 2, 8
# Qt marks line ends inside a document with these, so that a text's own ones cannot be told from them once edited.
_LINE_ENDS = re.compile("[\u2028\u2029]")
_REPLACED = re.compile("[\r\u2028\u2029\ufdd0\ufdd1\ufeff]")
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


class PromptEdit(QPlainTextEdit):
    """Grows from two lines to eight. A text too long to edit is kept whole and shown by its beginning, read-only."""

    text_changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._literal = ""
        self.folded = False
        self.setTabChangesFocus(True)
        self.document().documentLayout().documentSizeChanged.connect(self._grow)
        self.textChanged.connect(self.text_changed)
        self._grow()

    def toPlainText(self) -> str:  # noqa: N802 (Qt's name)
        """The text, to the character: what was set, or what was edited since."""
        if not self.document().isModified():
            return self._literal
        return _LINE_ENDS.sub("\n", self.document().toRawText())

    def setPlainText(self, text: str) -> None:  # noqa: N802 (Qt's name)
        """Put a text in."""
        self._literal = text
        self.folded = len(text) > LONGEST_EDITED
        shown = text[:_LONGEST_SHOWN] + "…" if self.folded else text
        self.setReadOnly(self.folded)
        super().setPlainText(shown.encode("utf-16", "replace").decode("utf-16"))
        self.document().setModified(False)
        self.text_changed.emit()

    @property
    def fragile(self) -> bool:
        """Whether an edit would change characters that it does not touch."""
        if self.folded or self.document().isModified():
            return False
        return _LINE_ENDS.sub("\n", self.document().toRawText()) != self._literal

    @property
    def hides(self) -> bool:
        """Whether there are characters that cannot be seen; of a long text its beginning is looked at."""
        return _HIDDEN.search(self.toPlainText(), 0, LONGEST_EDITED) is not None

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802 (Qt's name)
        """Paste or drop as plain text; what the box could not edit is kept as it came."""
        pasted, cursor = source.text(), self.textCursor()
        plain = len(pasted) + self.document().characterCount() <= LONGEST_EDITED and not _changed_by_qt(pasted)
        if plain:
            cursor.insertText(pasted)
            return
        raw = self.document().toRawText() if self.document().isModified() else self._literal
        if not self.document().isModified() and self.fragile:
            raw = self.document().toRawText()
        before, after = raw[: _at(raw, cursor.selectionStart())], raw[_at(raw, cursor.selectionEnd()) :]
        self.setPlainText(_LINE_ENDS.sub("\n", before) + pasted + _LINE_ENDS.sub("\n", after))
        self.moveCursor(QTextCursor.MoveOperation.End)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Delete empties a text that cannot be edited."""
        if self.folded and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.setPlainText("")
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Another width may break the text into another number of lines."""
        super().resizeEvent(event)
        self._grow()

    def _grow(self) -> None:
        lines = min(_MOST_LINES, max(_LEAST_LINES, int(self.document().size().height())))
        height = self.fontMetrics().lineSpacing() * lines + 2 * theme.GRID
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)


def _changed_by_qt(text: str) -> bool:
    return _REPLACED.search(text) is not None


def _at(text: str, position: int) -> int:
    """A position of Qt, which counts UTF-16 units, as one of Python."""
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * position].decode("utf-16-le", "replace"))
