"""Says with a button whether it may be pressed, and why not."""

from PySide6.QtWidgets import QAbstractButton


def allow(button: QAbstractButton, why_not: str, tip: str) -> None:
    """Enable a button where there is no reason against it; its tooltip names the reason, or else says what it does."""
    button.setEnabled(not why_not)
    text = f"{tip}\n{why_not}" if why_not else tip
    if button.toolTip() != text:
        button.setToolTip(text)
