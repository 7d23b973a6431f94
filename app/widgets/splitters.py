"""Splitters whose parts have shares of the room and never vanish."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QSplitter, QWidget

# Sizes are pixels to Qt, which scales them to the room there is; larger ones round less.
_SCALE = 100


def split(orientation: Qt.Orientation, widgets: Sequence[QWidget], shares: Sequence[int]) -> QSplitter:
    """Return a splitter of these widgets with these shares of its room."""
    splitter = QSplitter(orientation)
    splitter.setChildrenCollapsible(False)
    for place, widget in enumerate(widgets):
        splitter.addWidget(widget)
        splitter.setStretchFactor(place, shares[place])
    share_out(splitter, shares)
    return splitter


def share_out(splitter: QSplitter, shares: Sequence[int]) -> None:
    """Give the parts of a splitter these shares of its room."""
    splitter.setSizes([share * _SCALE for share in shares])


def save_sizes(splitters: Mapping[str, QSplitter], settings: QSettings, group: str) -> None:
    """Save the sizes of named splitters."""
    for name, splitter in splitters.items():
        settings.setValue(f"{group}/{name}", splitter.saveState())


def restore_sizes(splitters: Mapping[str, QSplitter], settings: QSettings, group: str) -> None:
    """Restore the sizes that were saved."""
    for name, splitter in splitters.items():
        if (state := settings.value(f"{group}/{name}")) is not None:
            splitter.restoreState(state)
