"""What the docks of the Decode tab are made of: the dock itself, and the place of the plots, which come late."""

from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QDockWidget, QVBoxLayout, QWidget

from app.state.store import RunStore

if TYPE_CHECKING:
    from app.workspaces.decode.plots import DecodePlots


class DecodeDock(QDockWidget):
    """A dock whose painting counts in the time budget also while it floats as its own window."""

    def __init__(self, title: str, store: RunStore, parent: QWidget) -> None:
        super().__init__(title, parent)
        self._store = store

    def event(self, event: QEvent) -> bool:
        """Add the time of painting to the budget; a docked dock gets no such event, because the window paints it."""
        if event.type() != QEvent.Type.UpdateRequest:
            return super().event(event)
        began = perf_counter()
        handled = super().event(event)
        self._store.budget.spent_s += perf_counter() - began
        return handled


class LatePlots(QWidget):
    """The place of the plots, empty until it was painted once: their library takes longer to import than the rest of
    the tab to make. `made`: they are there."""

    made = Signal()

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._plots: DecodePlots | None = None
        self._painted = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    @property
    def plots(self) -> "DecodePlots":
        """The plots, made now if they are not there yet."""
        if self._plots is None:
            from app.workspaces.decode.plots import DecodePlots

            self._plots = DecodePlots(self._store, self)
            self._column.addWidget(self._plots)
            self._plots.show()  # at once: the layout itself would wait for the next turn of the event loop
            self.made.emit()
        return self._plots

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Make the plots once the window has been painted without them."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, lambda: self.plots)
