"""The replay of the run on show: play, hold, jump; knows the history and the time, no widget."""

from time import monotonic

from app.state.playback import Playback
from app.state.run_history import RunHistory


class Replay:
    """Moves what is visible of the shown run along the time the run took."""

    def __init__(self, history: RunHistory) -> None:
        self._shelf = history
        self._playback: Playback | None = None
        self._seen_s = 0.0

    @property
    def playing(self) -> bool:
        """Whether it moves on by itself."""
        return self._playback is not None

    @property
    def possible(self) -> bool:
        """Whether the run on show has ended and so can be shown again."""
        return self._shelf.shown is not None and self._shelf.shown is not self._shelf.live

    def play(self, speed: float, *, first: int = 0) -> None:
        """Go on from where it stands, or from the event `first` where all is shown. speed: 1 is as it was measured."""
        if self._shelf.shown is None or not self.possible:
            return
        at = first if self._shelf.at_end else self._shelf.n_visible
        self._playback = Playback(self._shelf.shown, at, speed)
        self._seen_s = monotonic()
        self._shelf.seek(at)

    def set_speed(self, speed: float) -> None:
        """Go on faster or slower."""
        if self._playback is not None:
            self._playback.speed = speed

    def hold(self) -> None:
        """Stay where it stands."""
        self._playback = None

    def seek(self, n_events: int) -> None:
        """Jump to after that many events."""
        self._shelf.seek(n_events)
        if self._playback is not None:
            self._playback.seek(n_events)

    def move_on(self) -> bool:
        """Move on by the time since the last call. Returns whether anything changed."""
        if self._playback is None:
            return False
        now = monotonic()
        position = self._playback.advance(now - self._seen_s)
        self._seen_s = now
        moved = position != self._shelf.n_visible
        self._shelf.seek(position)
        if self._playback.ended:
            self._playback, moved = None, True
        return moved
