"""Reads the words that a window always shows: tabs, docks, buttons and form labels, but nothing a run has filled in."""

from PySide6.QtWidgets import QAbstractButton, QDockWidget, QLabel, QMenuBar, QTabBar, QWidget


def fixed_words(window: QWidget) -> tuple[str, ...]:
    """The words of a window that has shown no run yet, each with the kind of widget it is on, in order."""
    tabs = (bar.tabText(place) for bar in window.findChildren(QTabBar) for place in range(bar.count()))
    menus = (action.text() for bar in window.findChildren(QMenuBar) for action in bar.actions())
    docks = (dock.windowTitle() for dock in window.findChildren(QDockWidget))
    buttons = (button.text() for button in window.findChildren(QAbstractButton))
    labels = (label.text() for label in window.findChildren(QLabel) if label.buddy() is not None)
    kinds = {"tab": tabs, "menu": menus, "dock": docks, "button": buttons, "label": labels}
    return tuple(sorted({f"{kind} {text}" for kind, texts in kinds.items() for text in texts if text}))
