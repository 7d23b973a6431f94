"""Marks parts of a text that is read, without touching it; knows nothing of what is marked."""

from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit


class Marked(NamedTuple):
    """Characters [start, end) and how they look."""

    start: int
    end: int
    look: QTextCharFormat


def mark(edit: QPlainTextEdit, parts: Iterable[Marked]) -> None:
    """Mark these parts, and nothing else."""
    text, made = edit.toPlainText(), []
    for part in parts:
        one = QTextEdit.ExtraSelection()
        cursor = QTextCursor(edit.document())
        cursor.setPosition(_place(text, part.start))
        cursor.setPosition(_place(text, part.end), QTextCursor.MoveMode.KeepAnchor)
        one.cursor, one.format = cursor, part.look
        made.append(one)
    edit.setExtraSelections(made)


def _place(text: str, at: int) -> int:
    """Qt counts in units of UTF-16."""
    before = text[:at]
    return at if before.isascii() else len(before.encode("utf-16-le")) // 2
