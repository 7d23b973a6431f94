"""What the stream tells a screen reader: the token it is at, in words, and the next one when it moves.

A text interface cannot be given from Python: Qt takes it by address, and the bindings hand over none that holds."""

from functools import cache

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAccessibleValueChangeEvent
from PySide6.QtWidgets import QAccessibleWidget

from app.panels.stream.canvas import StreamCanvas
from app.panels.stream.words import spoken, tr


class AccessibleStream(QAccessibleWidget):
    """A document whose value is its current token."""

    def __init__(self, stream: StreamCanvas) -> None:
        super().__init__(stream, QAccessible.Role.Document)
        self._stream = stream

    def text(self, kind: QAccessible.Text) -> str:
        """The current token as value, how much there is as description."""
        if kind == QAccessible.Text.Value:
            return current_token(self._stream)
        if kind == QAccessible.Text.Description:
            return tr("{0} tokens; the arrow keys move over them, typing searches").format(
                f"{len(self._stream.tokens):,}"
            )
        return super().text(kind)


def current_token(stream: StreamCanvas) -> str:
    """The words for the token the stream is at; none where it is at none."""
    at = stream.marks.current
    return "" if at is None else spoken(stream.tokens[at])


def announce(stream: StreamCanvas) -> None:
    """Tell a screen reader, where there is one, that the stream moved."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleValueChangeEvent(stream, current_token(stream)))


@cache
def install() -> None:
    """Make Qt ask here about streams; once for the program."""
    QAccessible.installFactory(_interface)


def _interface(_class_name: str, about: QObject) -> QAccessibleInterface | None:
    return AccessibleStream(about) if isinstance(about, StreamCanvas) else None
