"""Shows a finished run again in the time it took, or faster: which event is due when; knows no clock and no widget."""

from math import isfinite

from app.state.run_record import RunRecord

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 50.0)


class Playback:
    """A position in a run that moves with the time it is given; 1 is the speed that was measured."""

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
        """Go on from another place."""
        self.position = max(0, min(position, len(self.record.events)))
        self._at_s = self._due_s(self.position - 1, 0.0)

    def advance(self, seconds: float) -> int:
        """The position after `seconds` more on the viewer's clock."""
        self._at_s += seconds * self.speed
        while not self.ended and self._due_s(self.position, self._at_s) <= self._at_s:
            self.position += 1
        # What was measured after the text shows nothing: its hours or seconds are not waited for.
        if self.position >= self.record.last_round:
            self.position = len(self.record.events)
        return self.position

    def _due_s(self, position: int, unknown: float) -> float:
        """When an event happened, in seconds of its run; `unknown` where it does not say."""
        at = getattr(self.record.events[position], "at_s", None) if position >= 0 else None
        return float(at) if isinstance(at, float) and isfinite(at) else unknown
