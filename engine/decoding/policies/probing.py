"""When a policy that decodes plainly tries the drafter again.

* imports neither Qt nor torch."""

FIRST, LONGEST = 24, 384


class ProbeSchedule:
    """Counts rounds of plain decoding; each wait is twice as long as the one before, since a probe costs time."""

    def __init__(self) -> None:
        self.rewind()

    def rewind(self) -> None:
        """Begin with the shortest wait again."""
        self._wait = self.n_left = FIRST

    def back_off(self) -> None:
        """Wait twice as long for the next probe."""
        self._wait = min(LONGEST, 2 * self._wait)
        self.n_left = self._wait

    def due(self) -> bool:
        """Count a plain round; whether the next one is to draft."""
        self.n_left -= 1
        return self.n_left <= 0
