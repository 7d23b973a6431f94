"""Enables or disables a button and shows the reason in its tooltip."""

from PySide6.QtWidgets import QAbstractButton

_HAD_FOCUS = "hadFocus"


def allow(button: QAbstractButton, why_not: str, tip: str) -> None:
    """Enable a button if there is no reason against it; its tooltip says what it does and, below, why not.

    The focus of a button that is disabled waits in its row, and comes back with it unless it went elsewhere: Qt would
    hand it to whatever comes next, a plot for instance, and the keys with it."""
    _keep_focus_near(button, allowed=not why_not)
    text = "\n".join(filter(None, (tip, why_not)))
    if button.toolTip() != text:
        button.setToolTip(text)


def _keep_focus_near(button: QAbstractButton, *, allowed: bool) -> None:
    """Enable or disable a button, and put the focus that it has or had where it belongs."""
    row, holder = button.parentWidget(), button.window().focusWidget()
    if allowed:
        button.setEnabled(True)
        if button.property(_HAD_FOCUS):
            button.setProperty(_HAD_FOCUS, False)
            if holder is row:
                button.setFocus()
        return
    if row is not None and holder is button:
        button.setProperty(_HAD_FOCUS, True)
        row.setFocus()
    button.setEnabled(False)
