"""Replays a finished run at its measured pace, slower or faster: computes which events are due; has no clock."""

from math import isfinite

from app.state.run_record import RunRecord

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 50.0)


class Playback:
    """A position in a run that advances with the time passed to it. speed: 1 is the measured pace."""

    def __init__(self, record: RunRecord, position: int, speed: float) -> None:
        self.record = record
        self.speed = speed
        self.position = 0
        self._at_s = 0.0
        self.seek(position)

    @property
    def ended(self) -> bool:
        """Whether all events are shown."""
        return self.position >= len(self.record.events)

    def seek(self, position: int) -> None:
        """Continue from another position."""
        self.position = max(0, min(position, len(self.record.events)))
        self._at_s = self._due_s(self.position - 1, 0.0)

    def advance(self, seconds: float) -> int:
        """Advance by `seconds` on the viewer's clock. Returns the new position."""
        self._at_s += seconds * self.speed
        while not self.ended and self._due_s(self.position, self._at_s) <= self._at_s:
            self.position += 1
        # Measurements after the text change nothing on show, so their time, which may be hours, is skipped.
        if self.position >= self.record.last_round:
            self.position = len(self.record.events)
        return self.position

    def _due_s(self, position: int, default: float) -> float:
        """When an event happened, in seconds of its run; `default` where it has no time."""
        at_s = getattr(self.record.events[position], "at_s", None) if position >= 0 else None
        return float(at_s) if isinstance(at_s, float) and isfinite(at_s) else default
