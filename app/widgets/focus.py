"""Finds where the focus goes in a widget that names no field of its own."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def first_focusable(widget: QWidget) -> QWidget | None:
    """The first child that the Tab key would reach."""
    child = widget.nextInFocusChain()
    while child is not None and child is not widget and widget.isAncestorOf(child):
        if child.isVisible() and child.isEnabled() and child.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return child
        child = child.nextInFocusChain()
    return None
