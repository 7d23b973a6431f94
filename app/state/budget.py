"""Holds what the window takes from the machine while the engine runs: the more it takes, the less often panels draw.

Drawing and painting on the thread of the window cost an engine in the same process about as much as they take; on a
workstation the first level is enough, on two cores it is not."""

from typing import NamedTuple

WINDOW_S = 0.5
_MOST, _LEAST = 0.045, 0.02


class Level(NamedTuple):
    """Frames that pass for one drawing, for panels of the fastest pace and, as a factor, for all others."""

    text: int
    others: int


LEVELS = (Level(1, 1), Level(1, 2), Level(2, 3), Level(2, 5), Level(3, 7))


class Budget:
    """Looks twice a second at the share of time that drawing and painting took."""

    def __init__(self) -> None:
        self.spent_s = 0.0
        self._at = 0
        self._seen_s = 0.0
        self._spent_before_s = 0.0

    @property
    def level(self) -> Level:
        """How seldom panels draw now."""
        return LEVELS[self._at]

    def frames(self, n_frames: int) -> int:
        """The pace of a panel that wants to draw every `n_frames` frames."""
        return self.level.text if n_frames <= 1 else n_frames * self.level.others

    def look(self, now_s: float, *, live: bool) -> None:
        """Choose the level from what was spent since the last look; without a live engine nothing is held back."""
        if not live:
            self._at, self._seen_s, self._spent_before_s = 0, now_s, self.spent_s
            return
        passed_s = now_s - self._seen_s
        if passed_s < WINDOW_S:
            return
        share = (self.spent_s - self._spent_before_s) / passed_s
        self._seen_s, self._spent_before_s = now_s, self.spent_s
        if share > _MOST:
            self._at = min(self._at + 1, len(LEVELS) - 1)
        elif share < _LEAST:
            self._at = max(self._at - 1, 0)
