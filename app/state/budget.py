"""Limits the time the window spends drawing while the engine runs: the more it spends, the less often panels draw.

Drawing and painting on the GUI thread cost an engine in the same process about as much time as they take; on a
workstation the first level is enough, on two cores it is not."""

from typing import NamedTuple

WINDOW_S = 0.5
_MAX_SHARE, _MIN_SHARE = 0.045, 0.02


class Level(NamedTuple):
    """Frames per drawing of the fastest panels, and the factor on the frames per drawing of all others."""

    text: int
    others: int


LEVELS = (Level(1, 1), Level(1, 2), Level(2, 3), Level(2, 5), Level(3, 7))


class Budget:
    """Adjusts the level twice a second to the share of time that drawing and painting took."""

    def __init__(self) -> None:
        self.spent_s = 0.0
        self._at = 0
        self._last_look_s = 0.0
        self._last_spent_s = 0.0

    @property
    def level(self) -> Level:
        """How rarely panels draw now."""
        return LEVELS[self._at]

    def frames(self, n_frames: int) -> int:
        """Frames between two drawings of a panel that wants to draw every `n_frames` frames."""
        return self.level.text if n_frames <= 1 else n_frames * self.level.others

    def look(self, now_s: float, *, live: bool) -> None:
        """Choose the level from the time spent since the last call; without a live engine panels draw at full pace."""
        if not live:
            self._at, self._last_look_s, self._last_spent_s = 0, now_s, self.spent_s
            return
        elapsed_s = now_s - self._last_look_s
        if elapsed_s < WINDOW_S:
            return
        share = (self.spent_s - self._last_spent_s) / elapsed_s
        self._last_look_s, self._last_spent_s = now_s, self.spent_s
        if share > _MAX_SHARE:
            self._at = min(self._at + 1, len(LEVELS) - 1)
        elif share < _MIN_SHARE:
            self._at = max(self._at - 1, 0)
