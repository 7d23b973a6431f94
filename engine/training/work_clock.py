"""A clock for work that others hold up; knows nothing of the work."""

import time


class WorkClock:
    """Seconds of work: time that passes while nobody lets the generator go on does not count."""

    def __init__(self) -> None:
        self._away_s = 0.0
        self._left_at = 0.0

    def __call__(self) -> float:
        return time.monotonic() - self._away_s

    def leave(self) -> None:
        """Work stops here."""
        self._left_at = time.monotonic()

    def come_back(self) -> None:
        """Work goes on."""
        self._away_s += time.monotonic() - self._left_at
