"""Keeps the space of widgets while they are hidden, so that nothing beside them moves."""

from PySide6.QtWidgets import QWidget


def keep_room(widget: QWidget) -> None:
    """Let a widget take the same space hidden as shown."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)
