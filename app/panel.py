"""What every panel is: a cursor into the store's log that moves while the panel is visible; knows no event."""

from collections.abc import Sequence
from time import perf_counter

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.selection import Selection
from app.store import FRAME_MS, RunStore
from engine.events import Event
from engine.summary import Summary

# Events a drawing takes in at most, so that catching up with a long run holds nobody up.
SLICE = 400
_HELD_FRAMES = 2


class Panel(QWidget):
    """Draws each event once. A hidden panel waits, and catches up, slice by slice, when it is shown."""

    # Least time between two drawings while a run is live.
    every_ms = 0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self._run_number = store.run_number
        self._cursor = 0
        self._shown_selection: Selection | None = None
        self._drawn_frame = -1
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.refresh)
        store.changed.connect(self._on_changed)

    def clear(self) -> None:
        """Forget the run that was drawn."""

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show what is new; also called with nothing new when the engine's state changed."""

    def mark(self, selection: Selection | None) -> None:
        """Show the selected round or token."""

    def refresh(self) -> None:
        """Bring the panel up to the store."""
        began = perf_counter()
        self._later.stop()
        if self._run_number != self.store.run_number:
            self._run_number, self._cursor = self.store.run_number, 0
            self.clear()
        new = self.store.shelf.events(self._cursor, SLICE)
        self._cursor += len(new)
        self._drawn_frame = self.store.frame
        self.draw(new, self.store.summary)
        if self.behind:
            self._later.start(0)
        elif self._shown_selection != self.store.selection:
            self._shown_selection = self.store.selection
            self.mark(self._shown_selection)
        self.store.budget.spent_s += perf_counter() - began

    @property
    def behind(self) -> bool:
        """Whether there are events it has not drawn."""
        return self._cursor < self.store.shelf.n_visible

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Catch up with what happened while hidden."""
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """What is hidden draws nothing."""
        self._later.stop()
        super().hideEvent(event)

    def _on_changed(self) -> None:
        """Draw now, or in the next frame in which all panels of this pace draw: each frame is painted once."""
        if not self.isVisible():
            return
        pace = self.store.budget.frames(round(self.every_ms / FRAME_MS))
        if not self.store.busy or self.store.frame // pace != self._drawn_frame // pace:
            self.refresh()
        elif not self._later.isActive():
            # A run that is held says nothing more; what it said last is drawn all the same.
            self._later.start(_HELD_FRAMES * pace * FRAME_MS)
