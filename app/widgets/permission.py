"""Enables or disables a button and shows the reason in its tooltip."""

from PySide6.QtWidgets import QAbstractButton


def allow(button: QAbstractButton, why_not: str, tip: str) -> None:
    """Enable a button if there is no reason against it; its tooltip says what it does and, below, why not."""
    button.setEnabled(not why_not)
    text = f"{tip}\n{why_not}" if why_not else tip
    if button.toolTip() != text:
        button.setToolTip(text)
