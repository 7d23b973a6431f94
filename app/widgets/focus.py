"""Finds where the focus goes in a widget that names no field of its own."""

from collections.abc import Iterator
from itertools import pairwise, product

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLayout, QLayoutItem, QWidget


def first_focusable(widget: QWidget) -> QWidget | None:
    """The first child that the Tab key would reach."""
    child = widget.nextInFocusChain()
    while child is not None and child is not widget and widget.isAncestorOf(child):
        if child.isVisible() and child.isEnabled() and child.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return child
        child = child.nextInFocusChain()
    return None


def tab_through(layout: QLayout) -> None:
    """Let the Tab key go through the controls of a layout in the order in which they are seen."""
    for previous, following in pairwise(_controls(layout)):
        QWidget.setTabOrder(previous, following)


def _controls(layout: QLayout) -> Iterator[QWidget]:
    for item in _items(layout):
        if (inner := item.layout()) is not None:
            yield from _controls(inner)
        elif (widget := item.widget()) is not None:
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                yield widget
            elif (own := widget.layout()) is not None:
                yield from _controls(own)


def _items(layout: QLayout) -> Iterator[QLayoutItem]:
    """The items of a layout in the order in which they are seen; a form keeps them in that of their making."""
    if isinstance(layout, QFormLayout):
        places = product(range(layout.rowCount()), QFormLayout.ItemRole)
        items = (layout.itemAt(row, role) for row, role in places)
    else:
        items = (layout.itemAt(place) for place in range(layout.count()))
    yield from (item for item in items if item is not None)
