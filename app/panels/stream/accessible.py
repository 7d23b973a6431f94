"""Accessibility of the stream: reports the current token in words to a screen reader and announces moves.

QAccessibleTextInterface cannot be provided from Python: Qt takes it by address, and the bindings give no valid one."""

from functools import cache

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAccessibleValueChangeEvent
from PySide6.QtWidgets import QAccessibleWidget

from app.panels.stream.canvas import StreamCanvas
from app.panels.stream.words import spoken, tr
from app.words.counts import count


class AccessibleStream(QAccessibleWidget):
    """A document whose value is its current token."""

    def __init__(self, stream: StreamCanvas) -> None:
        super().__init__(stream, QAccessible.Role.Document)
        self._stream = stream

    def text(self, kind: QAccessible.Text) -> str:
        """The current token as the value, the number of tokens as the description."""
        if kind == QAccessible.Text.Value:
            return current_token(self._stream)
        if kind == QAccessible.Text.Description:
            return tr("{0}; the arrow keys move over them, typing searches").format(
                count(len(self._stream.tokens), "token")
            )
        return super().text(kind)


def current_token(stream: StreamCanvas) -> str:
    """The current token in words; empty if there is none."""
    index = stream.marks.current
    return "" if index is None else spoken(stream.tokens[index])


def announce(stream: StreamCanvas) -> None:
    """Notify an active screen reader that the current token has changed."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleValueChangeEvent(stream, current_token(stream)))


@cache
def install() -> None:
    """Register the accessible interface of streams with Qt, once per process."""
    QAccessible.installFactory(_interface)


def _interface(_class_name: str, obj: QObject) -> QAccessibleInterface | None:
    return AccessibleStream(obj) if isinstance(obj, StreamCanvas) else None
