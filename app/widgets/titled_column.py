"""Lays out a column of settings: parts under titles, from the top down, and the focus goes through it in that order."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.widgets.focus import tab_through
from app.widgets.labels import plain_label


def lay_out(panel: QWidget, parts: Sequence[tuple[str, Sequence[QWidget]]]) -> None:
    """Lay out a panel. parts: the title and the contents of each."""
    column = QVBoxLayout(panel)
    column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
    column.setSpacing(theme.GRID)
    for title, contents in parts:
        column.addWidget(plain_label(title, panel, role="title"))
        for content in contents:
            column.addWidget(content)
        column.addSpacing(theme.HALF)
    column.addStretch(1)
    tab_through(column)
