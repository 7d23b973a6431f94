"""What every panel is: a cursor into the store's log that moves while the panel is visible; knows no event."""

from collections.abc import Sequence
from time import perf_counter

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.state.run_history import RunHistory
from app.state.selection import Selection
from app.state.store import FRAME_MS, RunStore
from engine.events import Event
from engine.runs.summary import Summary

# How long a drawing may take while catching up with a long run, and the events of the first slice.
_SLICE_S = 0.004
_FEWEST, _MOST = 400, 8000
# Nothing came for so long: what was put off is drawn, whatever the pace.
_SILENCE_MS = 300


class Panel(QWidget):
    """Draws each event once. A hidden panel waits, and catches up, slice by slice, when it is shown."""

    # Least time between two drawings while a run is live.
    every_ms = 0
    # Panels of one pace share the work among frames: those of the same turn draw in the same frame.
    turn = 0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self._run_number = self.history.epoch
        self._cursor = 0
        self._shown_selection: Selection | None = None
        self._drawn_frame = -1
        self._slice = _FEWEST
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.refresh)
        store.changed.connect(self._on_changed)

    @property
    def history(self) -> RunHistory:
        """The runs it draws from."""
        return self.store.history

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
        if self._run_number != self.history.epoch:
            self._run_number, self._cursor, self._shown_selection = self.history.epoch, 0, None
            self.clear()
            self.mark(None)
        new = self.history.events(self._cursor, self._slice)
        self._cursor += len(new)
        self._drawn_frame = self.store.frame
        self.draw(new, self.history.summary)
        # What is behind is not painted: each slice would be painted over by the next.
        if self.behind == self.updatesEnabled():
            self.setUpdatesEnabled(not self.behind)
        if self.behind:
            self._size_slice(len(new), perf_counter() - began)
            self._later.start(0)
        elif self._shown_selection != self.store.selection:
            self._shown_selection = self.store.selection
            self.mark(self._shown_selection)
        self.store.budget.spent_s += perf_counter() - began

    def _size_slice(self, n_drawn: int, seconds: float) -> None:
        """As many events as this panel draws in the time a slice may take."""
        self._slice = max(_FEWEST, min(_MOST, round(n_drawn * _SLICE_S / max(seconds, 1e-6))))

    @property
    def behind(self) -> bool:
        """Whether there are events it has not drawn."""
        return self._cursor < self.history.n_visible

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
        if self._run_number != self.history.epoch or self._due():
            self.refresh()
        elif not self._catching_up:
            # The last rounds of a text are followed by seconds of measuring, in which nothing changes.
            self._later.start(_SILENCE_MS)

    @property
    def _catching_up(self) -> bool:
        """Whether the next slice is on its way."""
        return self._later.isActive() and self._later.interval() == 0

    def _due(self) -> bool:
        """Whether this is a frame in which panels of its pace draw; without an engine at work each is."""
        pace = self.store.budget.frames(round(self.every_ms / FRAME_MS))
        return not self.store.busy or (self.store.frame + self.turn) // pace != (self._drawn_frame + self.turn) // pace
