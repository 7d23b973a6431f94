"""When a policy that decodes plainly tries the drafter again.

* imports neither Qt nor torch."""

from math import inf

FIRST, LONGEST = 24, 384
# What a probe may cost of the plain rounds before it.
_MOST_COST = 0.02


class ProbeSchedule:
    """Counts rounds of plain decoding; each wait is twice as long as the one before, since a probe costs time.

    n_left: rounds until the next one; infinite where none pays: before it the drafter
    reads what was decoded without it, and if that alone takes more than a probe may cost, no wait is long enough."""

    def __init__(self) -> None:
        self.rewind()

    @property
    def n_waited(self) -> float:
        """The latest wait, in rounds."""
        return self._wait - self.n_left

    def rewind(self) -> None:
        """Begin with the shortest wait again."""
        self._wait: float = FIRST
        self.n_left: float = FIRST

    def back_off(self, *, cost: float = 0.0, catching_up: float = 0.0) -> None:
        """Wait twice as long for the next probe, or until it is cheap beside the plain rounds before it.

        cost: of a probe. catching_up: of reading one token that was decoded without the drafter. Both in rounds of
        plain decoding."""
        left = _MOST_COST - catching_up
        enough = cost / left if left > 0 else inf
        self._wait = max(min(LONGEST, 2 * self._wait), enough)
        self.n_left = self._wait

    def due(self) -> bool:
        """Count a plain round; whether the next one is to draft."""
        self.n_left -= 1
        return self.n_left <= 0
