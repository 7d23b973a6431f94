"""Replays the run on show: play, hold, jump."""

from time import monotonic

from app.state.playback import Playback
from app.state.run_history import RunHistory


class Replay:
    """Makes events of the shown run visible at the pace the run had."""

    def __init__(self, history: RunHistory) -> None:
        self._history = history
        self._playback: Playback | None = None
        self._last_s = 0.0

    @property
    def playing(self) -> bool:
        """Whether it is playing."""
        return self._playback is not None

    @property
    def possible(self) -> bool:
        """Whether the run on show has ended, so that it can be replayed."""
        return self._history.shown is not None and self._history.shown is not self._history.live

    def play(self, speed: float, *, first: int = 0) -> None:
        """Continue from the current position, or from event `first` if all is shown. speed: 1 is the measured pace."""
        if self._history.shown is None or not self.possible:
            return
        position = first if self._history.at_end else self._history.n_visible
        self._playback = Playback(self._history.shown, position, speed)
        self._last_s = monotonic()
        self._history.seek(position)

    def set_speed(self, speed: float) -> None:
        """Change the speed of the replay under way."""
        if self._playback is not None:
            self._playback.speed = speed

    def hold(self) -> None:
        """Stop at the current position."""
        self._playback = None

    def seek(self, n_events: int) -> None:
        """Jump to the position after `n_events` events."""
        self._history.seek(n_events)
        if self._playback is not None:
            self._playback.seek(n_events)

    def move_on(self) -> bool:
        """Advance by the time since the last call. Returns whether anything changed."""
        if self._playback is None:
            return False
        now = monotonic()
        position = self._playback.advance(now - self._last_s)
        self._last_s = now
        moved = position != self._history.n_visible
        self._history.seek(position)
        if self._playback.ended:
            self._playback, moved = None, True
        return moved
