"""A clock for a generator's work that does not count the time its consumer takes."""

import time


class WorkClock:
    """Seconds of work: time between `leave` and `come_back`, while the generator is suspended, does not count."""

    def __init__(self) -> None:
        self._away_s = 0.0
        self._left_at = 0.0

    def __call__(self) -> float:
        return time.monotonic() - self._away_s

    def leave(self) -> None:
        """Stop counting."""
        self._left_at = time.monotonic()

    def come_back(self) -> None:
        """Continue counting."""
        self._away_s += time.monotonic() - self._left_at
