"""Marks parts of a displayed text without changing it."""

from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit


class Marked(NamedTuple):
    """Characters [start, end) and their format."""

    start: int
    end: int
    look: QTextCharFormat


def mark(edit: QPlainTextEdit, parts: Iterable[Marked]) -> None:
    """Mark these parts, and nothing else."""
    text, selections = edit.toPlainText(), []
    for part in parts:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(edit.document())
        cursor.setPosition(_place(text, part.start))
        cursor.setPosition(_place(text, part.end), QTextCursor.MoveMode.KeepAnchor)
        selection.cursor, selection.format = cursor, part.look
        selections.append(selection)
    edit.setExtraSelections(selections)


def _place(text: str, at: int) -> int:
    """The position of a character as Qt counts it, in units of UTF-16."""
    before = text[:at]
    return at if before.isascii() else len(before.encode("utf-16-le")) // 2
