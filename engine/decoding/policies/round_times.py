"""What is known of a pair's rounds: the time of each draft length, and the acceptance of the latest text.

* imports neither Qt nor torch."""

from bisect import bisect_left
from collections.abc import Sequence
from math import exp, inf, log

from engine.decoding.policies.acceptance import RecentAcceptance

# How far a length moves with one round, and how much of that the other lengths share: what slows one round, such as a
# longer text or a busy machine, mostly slows all.
_WEIGHT, _SHARED = 0.15, 0.8
_MOST_LOG_RATIO = 0.4


class RoundTimes:
    """Milliseconds of a round by the number of drafted tokens; one object serves a loaded pair.

    They are measured before a run, and kept up to date by every round. acceptance: of the latest text, which is what
    the next one is expected to be like until it has shown itself; None before any. catching_up_ms: the least time in
    which the drafter read a token that was decoded without it; None before it had to."""

    def __init__(self) -> None:
        self._ms: dict[int, float] = {}  # in units of _scale, which moves all lengths at once
        self._scale = 1.0
        self._lengths: list[int] = []
        self._tried: set[int] = set()
        self._n_seen: dict[int, int] = {}
        self.acceptance: RecentAcceptance | None = None
        self.catching_up_ms: float | None = None

    def knows(self, n: int) -> bool:
        """Whether a round of n drafted tokens was timed."""
        return n in self._ms

    def lacks(self, lengths: Sequence[int]) -> bool:
        """Whether some lengths were never tried before a run; one that was may still be unknown, where a drafter had
        nothing to propose."""
        return not self._tried.issuperset(lengths)

    def tried(self, lengths: Sequence[int]) -> None:
        """Note that these lengths were tried before a run.

        What disturbs a machine only ever makes a round slower: none can take longer than one that drafts more."""
        self._tried.update(lengths)
        least = inf
        for length in reversed(self._lengths):
            least = self._ms[length] = min(least, self._ms[length])

    def calibrate(self, n: int, ms: float) -> None:
        """Take a round's time from before the run: the least of each length counts, since nothing makes one faster."""
        if ms > 0:
            known = self._ms.get(n)
            self._set(n, ms if known is None else min(ms, known * self._scale))

    def observe(self, n: int, ms: float) -> None:
        """Move towards the time of one more round; a first one is taken as it is."""
        if ms <= 0:
            return
        known = self._ms.get(n)
        if known is None:
            self._set(n, ms)
            return
        n_seen = self._n_seen[n] = self._n_seen.get(n, 0) + 1
        step = max(_WEIGHT, 1 / (n_seen + 2)) * max(
            -_MOST_LOG_RATIO, min(_MOST_LOG_RATIO, log(ms / (known * self._scale)))
        )
        # The first rounds of a length correct what was timed of it alone; later ones tell more of the machine.
        shared = _SHARED * n_seen / (n_seen + 4)
        self._scale *= exp(shared * step)
        self._ms[n] = known * exp((1 - shared) * step)

    def observe_catching_up(self, n: int, ms: float, n_missed: float) -> None:
        """Take what a round of n drafted tokens took beyond its own time: its drafter first read n_missed tokens."""
        own = self.ms(n)
        if own is not None and ms > 0 and n_missed > 0:
            each = max(0.0, ms - own) / n_missed
            self.catching_up_ms = each if self.catching_up_ms is None else min(self.catching_up_ms, each)

    def ms(self, n: int) -> float | None:
        """The time of a round of n drafted tokens, on a line between those timed; None before two were.

        Beyond the longest timed length the last slope continues."""
        if n in self._ms:
            return self._ms[n] * self._scale
        lengths = self._lengths
        if len(lengths) < 2:
            return None
        after = min(max(1, bisect_left(lengths, n)), len(lengths) - 1)
        left, right = lengths[after - 1], lengths[after]
        slope = (self._ms[right] - self._ms[left]) / (right - left)
        if n > right:
            slope = max(slope, 0.0)  # noise must not make a longer draft cost less
        return self._scale * (self._ms[right] + slope * (n - right))

    def _set(self, n: int, ms: float) -> None:
        if n not in self._ms:
            self._lengths = sorted([*self._lengths, n])
        self._ms[n] = ms / self._scale
