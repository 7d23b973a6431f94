"""A text box that returns exactly the text that was set and never lays out more text than it can quickly."""

import re
from collections.abc import Collection

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app import theme
from app.widgets.dropped_file import dropped_file, dropped_files

LONGEST_EDITED = 20_000
_LONGEST_SHOWN = 2_000
_MIN_LINES, _MAX_LINES = 2, 8
# Qt stores line ends in a document as these characters; after an edit, those of the text itself look the same.
_LINE_ENDS = re.compile("[\u2028\u2029]")
_REPLACED = re.compile("[\r\u2028\u2029\ufdd0\ufdd1\ufeff]")
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


class PromptEdit(QPlainTextEdit):
    """Grows from two lines to eight. Of a text too long to edit it keeps all and shows the beginning, read-only."""

    text_changed = Signal()
    file_dropped = Signal(object)

    def __init__(self, parent: QWidget, *, file_suffixes: Collection[str] = ()) -> None:
        """file_suffixes: of the files that may be dropped here as a prompt; `file_dropped` hands their path over."""
        super().__init__(parent)
        self.file_suffixes = frozenset(file_suffixes)
        self._literal = ""
        self.folded = False
        self.setTabChangesFocus(True)
        self.document().documentLayout().documentSizeChanged.connect(self._fit_height)
        self.textChanged.connect(self.text_changed)
        self._fit_height()

    def toPlainText(self) -> str:  # noqa: N802 (Qt's name)
        """The exact text: as set, or as edited since."""
        if not self.document().isModified():
            return self._literal
        return _LINE_ENDS.sub("\n", self.document().toRawText())

    def setPlainText(self, text: str) -> None:  # noqa: N802 (Qt's name)
        """Set the text."""
        self._literal = text
        self.folded = len(text) > LONGEST_EDITED
        visible_text = text[:_LONGEST_SHOWN] + "…" if self.folded else text
        self.setReadOnly(self.folded)
        super().setPlainText(visible_text.encode("utf-16", "replace").decode("utf-16"))
        self.document().setModified(False)
        self.text_changed.emit()

    @property
    def fragile(self) -> bool:
        """Whether an edit would also change characters elsewhere in the text."""
        if self.folded or self.document().isModified():
            return False
        return _LINE_ENDS.sub("\n", self.document().toRawText()) != self._literal

    @property
    def hides(self) -> bool:
        """Whether the text has invisible characters; of a long text only the beginning is checked."""
        return _HIDDEN.search(self.toPlainText(), 0, LONGEST_EDITED) is not None

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802 (Qt's name)
        """Take text, and a file that may hold a prompt; leave any other file to the window, which opens it."""
        if (path := dropped_file(source)) is not None:
            return path.suffix.lower() in self.file_suffixes
        return not dropped_files(source) and super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802 (Qt's name)
        """Paste or drop as plain text; text that the box cannot edit unchanged is kept verbatim."""
        if (path := dropped_file(source)) is not None:
            self.file_dropped.emit(path)
            return
        pasted, cursor = source.text(), self.textCursor()
        editable = len(pasted) + self.document().characterCount() <= LONGEST_EDITED and not _changed_by_qt(pasted)
        if editable:
            cursor.insertText(pasted)
            return
        raw = self.document().toRawText() if self.document().isModified() else self._literal
        if not self.document().isModified() and self.fragile:
            raw = self.document().toRawText()
        before, after = (
            raw[: _python_index(raw, cursor.selectionStart())],
            raw[_python_index(raw, cursor.selectionEnd()) :],
        )
        self.setPlainText(_LINE_ENDS.sub("\n", before) + pasted + _LINE_ENDS.sub("\n", after))
        self.moveCursor(QTextCursor.MoveOperation.End)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Clear a text that is too long to edit on Delete or Backspace."""
        if self.folded and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.setPlainText("")
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Fit the height, because a new width may change the number of lines."""
        super().resizeEvent(event)
        self._fit_height()

    def _fit_height(self) -> None:
        lines = min(_MAX_LINES, max(_MIN_LINES, int(self.document().size().height())))
        height = self.fontMetrics().lineSpacing() * lines + 2 * theme.GRID
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)


def _changed_by_qt(text: str) -> bool:
    return _REPLACED.search(text) is not None


def _python_index(text: str, position: int) -> int:
    """Convert a position of Qt, which counts UTF-16 units, to a Python index."""
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * position].decode("utf-16-le", "replace"))
