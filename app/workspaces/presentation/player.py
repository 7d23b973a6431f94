"""Plays a race at its measured pace, slower or faster; its timer runs only while it plays."""

from time import monotonic

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.state import playback
from app.workspaces.presentation.race import RaceRun

_FRAME_MS = 16
SPEEDS = (1 / 16, 1 / 8, *playback.SPEEDS)
# A race that would be over before anybody has looked is slowed down to about this, which is said beside it.
_SHORTEST_S = 4.0


class RacePlayer(QObject):
    """`advanced` carries what each lane emitted since the last frame; `changed`: it plays, pauses or has ended.

    chosen: the viewer has chosen a speed, which then holds for every race."""

    advanced = Signal(tuple)
    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.run: RaceRun | None = None
        self.speed = 1.0
        self.chosen = False
        self.played_s = 0.0
        self._last_s = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def playing(self) -> bool:
        """Whether its clock runs."""
        return self._timer.isActive()

    def load(self, run: RaceRun | None) -> None:
        """Take another race, at its start."""
        self._timer.stop()
        self.run = run

    def choose_speed(self) -> None:
        """Choose the measured speed, or less for a race that would be over at once, unless the viewer has chosen."""
        if self.chosen:
            return
        expected_s = 0.0 if self.run is None else self.run.expected_s
        slow = [speed for speed in SPEEDS if speed <= 1 and expected_s / speed >= _SHORTEST_S]
        self.speed = 1.0 if expected_s <= 0 else max(slow, default=SPEEDS[0])

    def play(self) -> None:
        """Let the clock run, unless the race is over."""
        if self.run is not None and not self.run.finished:
            self._last_s, self.played_s = monotonic(), 0.0
            self._timer.start()
            self.changed.emit()

    def pause(self) -> None:
        """Stop the clock."""
        self._timer.stop()
        self.changed.emit()

    def change_speed(self, step: int) -> None:
        """Choose the next faster or slower speed."""
        self.chosen = True
        place = SPEEDS.index(self.speed) + step
        self.speed = SPEEDS[max(0, min(place, len(SPEEDS) - 1))]
        self.changed.emit()

    def tick(self) -> None:
        """Advance by the time since the last frame; the clock waits while the race catches up with it."""
        run, now = self.run, monotonic()
        if run is None:
            return
        passed, self._last_s = now - self._last_s, now
        self.played_s += passed
        self.advanced.emit(run.advance_to(run.time_s if run.behind else run.time_s + passed * self.speed))
        if run.finished:
            self.pause()
