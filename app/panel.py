"""Base class of all panels: draws the store's new events while the panel is visible; the events are opaque to it."""

from collections.abc import Sequence
from time import perf_counter

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.state.run_history import RunHistory
from app.state.selection import Selection
from app.state.store import FRAME_MS, RunStore
from engine.commands import Command
from engine.events import Event
from engine.runs.summary import Summary

# Time that one slice may take to draw while a panel catches up with a long run, and the bounds of a slice in events.
_SLICE_S = 0.004
_MIN_EVENTS, _MAX_EVENTS = 400, 8000
# After this long without a new event, a panel draws what it postponed, whatever its pace.
_IDLE_MS = 300


class Panel(QWidget):
    """Draws each event once. A hidden panel draws nothing and catches up in slices when it is shown."""

    # Minimum time between two drawings while a run is live.
    every_ms = 0
    # Offset in frames: panels with the same pace but different turns draw in different frames, which spreads the work.
    turn = 0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self._run_number = self.history.epoch
        self._cursor = 0
        self._shown_selection: Selection | None = None
        self._drawn_frame = -1
        self._drawn_command: Command | None = None
        self._slice_size = _MIN_EVENTS
        self._refresh_timer = QTimer(self)
        self._refresh_timer.setSingleShot(True)
        self._refresh_timer.timeout.connect(self.refresh)
        store.changed.connect(self._on_changed)

    @property
    def history(self) -> RunHistory:
        """The runs that the panel draws."""
        return self.store.history

    def clear(self) -> None:
        """Remove everything drawn for the previous run."""

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Draw the new events; also called with none when the engine's state changes."""

    def mark(self, selection: Selection | None) -> None:
        """Show the selected round or token."""

    def refresh(self) -> None:
        """Bring the panel up to date with the store."""
        start = perf_counter()
        self._refresh_timer.stop()
        if self._run_number != self.history.epoch:
            self._run_number, self._cursor, self._shown_selection = self.history.epoch, 0, None
            self.clear()
            self.mark(None)
        new = self.history.events(self._cursor, self._slice_size)
        self._cursor += len(new)
        self._drawn_frame, self._drawn_command = self.store.frame, self.store.commands.front
        self.draw(new, self.history.summary)
        # Painting is off while the panel is behind: the next slice would paint over this one.
        if self.behind == self.updatesEnabled():
            self.setUpdatesEnabled(not self.behind)
        if self.behind:
            self._size_slice(len(new), perf_counter() - start)
            self._refresh_timer.start(0)
        elif self._shown_selection != self.store.selection:
            self._shown_selection = self.store.selection
            self.mark(self._shown_selection)
        self.store.budget.spent_s += perf_counter() - start

    def _size_slice(self, n_drawn: int, seconds: float) -> None:
        """Set the slice to as many events as this panel draws in the time of one slice."""
        self._slice_size = max(_MIN_EVENTS, min(_MAX_EVENTS, round(n_drawn * _SLICE_S / max(seconds, 1e-6))))

    @property
    def behind(self) -> bool:
        """Whether there are events that the panel has not drawn."""
        return self._cursor < self.history.n_visible

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the events that arrived while the panel was hidden."""
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Stop drawing while hidden."""
        self._refresh_timer.stop()
        super().hideEvent(event)

    def _on_changed(self) -> None:
        """Draw now or in a later frame of the panel's pace; panels share those frames, so each is painted once."""
        if not self.isVisible():
            return
        if self._run_number != self.history.epoch or self._is_due():
            self.refresh()
        elif not self._catching_up:
            # After the last rounds of a text nothing changes for seconds of measuring, so no frame would draw them.
            self._refresh_timer.start(_IDLE_MS)

    @property
    def _catching_up(self) -> bool:
        """Whether the next slice is scheduled."""
        return self._refresh_timer.isActive() and self._refresh_timer.interval() == 0

    def _is_due(self) -> bool:
        """Whether panels of this pace draw in the current frame; while nothing is under way, they always do, and where
        work begins or is stopped: that is acknowledged in the frame in which it is asked for."""
        commands = self.store.commands
        at_once = not self.store.busy or commands.cancelling or commands.front is not self._drawn_command
        pace = self.store.budget.frames(round(self.every_ms / FRAME_MS))
        return at_once or (self.store.frame + self.turn) // pace != (self._drawn_frame + self.turn) // pace
