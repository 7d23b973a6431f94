"""Docks of one side of the Decode tab, which fold away together where they have no room."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget


class DockGroup(QObject):
    """switch: shows and hides all of them. on_shown: called after the user has shown them by it."""

    def __init__(
        self, docks: Sequence[QDockWidget], name: str, tip: str, parent: QObject, *, on_shown: Callable[[], None]
    ) -> None:
        super().__init__(parent)
        self._docks, self._on_shown = tuple(docks), on_shown
        self._folded: tuple[QDockWidget, ...] = ()
        self._insisted = False  # the user opened some for which there is little room
        self.switch = QAction(name, self, checkable=True)
        self.switch.setToolTip(tip)
        self.switch.triggered.connect(self._show_all)
        for dock in self._docks:
            dock.toggleViewAction().toggled.connect(self.follow)
            dock.toggleViewAction().triggered.connect(self._insist)

    def fold_unless(self, has_room: bool) -> bool:
        """Hide those that are shown where there is no room, unless the user wants them; show them again where it is.

        Returns whether that changed something."""
        before = self._folded
        if has_room:
            self._insisted = False
            self.unfold()
        elif not self._folded and not self._insisted:
            self._folded = tuple(dock for dock in self._docks if not dock.isHidden() and not dock.isFloating())
            for dock in self._folded:
                dock.hide()
        return self._folded != before

    def unfold(self) -> None:
        """Show those again that were hidden for want of room."""
        folded, self._folded = self._folded, ()
        for dock in folded:
            dock.show()
        if folded:
            folded[0].raise_()

    def insist(self, dock: QDockWidget) -> None:
        """Show one of them in front of the others, also where there is little room."""
        self.unfold()
        self._insist(shown=True)
        dock.show()
        dock.raise_()

    def forget(self) -> None:
        """Forget what was folded and wanted, because all are shown anew."""
        self._folded, self._insisted = (), False

    def follow(self) -> None:
        """Let the switch say whether any of them is shown."""
        self.switch.setChecked(any(dock.toggleViewAction().isChecked() for dock in self._docks))

    def _show_all(self, shown: bool) -> None:
        for dock in self._docks:
            dock.setVisible(shown)
        self._insist(shown)
        if shown:
            self._docks[0].raise_()
            self._on_shown()

    def _insist(self, shown: bool) -> None:
        """Leave them as the user wants them until there is room."""
        self._folded, self._insisted = (), shown
