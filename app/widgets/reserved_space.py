"""Widgets that keep their room while hidden, so that nothing beside them moves; knows no widget in particular."""

from PySide6.QtWidgets import QWidget


def keep_room(widget: QWidget) -> None:
    """Let a widget take the same room hidden as shown."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)
