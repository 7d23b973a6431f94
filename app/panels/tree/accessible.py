"""Accessibility of the drafted tree: reports the current node in words to a screen reader and announces moves."""

from functools import cache

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAccessibleValueChangeEvent
from PySide6.QtWidgets import QAccessibleWidget

from app.panels.tree.canvas import TreeCanvas
from app.panels.tree.words import tr


class AccessibleTree(QAccessibleWidget):
    """A tree whose value is its current node."""

    def __init__(self, canvas: TreeCanvas) -> None:
        super().__init__(canvas, QAccessible.Role.Tree)
        self._canvas = canvas

    def text(self, kind: QAccessible.Text) -> str:
        """The current node as the value, how to move as the description."""
        if kind == QAccessible.Text.Value:
            return self._canvas.current_words()
        if kind == QAccessible.Text.Description:
            return tr("Arrow keys move along the branches, Page keys to the round before or after")
        return super().text(kind)


def announce(canvas: TreeCanvas) -> None:
    """Notify an active screen reader that the current node has changed."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleValueChangeEvent(canvas, canvas.current_words()))


@cache
def install() -> None:
    """Register the accessible interface of trees with Qt, once per process."""
    QAccessible.installFactory(_interface)


def _interface(_class_name: str, obj: QObject) -> QAccessibleInterface | None:
    return AccessibleTree(obj) if isinstance(obj, TreeCanvas) else None
