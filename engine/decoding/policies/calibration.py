"""Times rounds of every draft length, in turns, before a run that chooses between them.

* imports neither Qt nor torch. It is a policy itself: it asks for one length after the other."""

from collections.abc import Sequence

from engine.decoding.policies.policy import Decision, RoundFacts
from engine.decoding.policies.round_times import RoundTimes

# The first turn allocates and compiles, and is counted only where rounds are so slow that no other follows.
_N_TURNS = 8
_MOST_MS = 2000.0


class LengthTiming:
    """Goes through the lengths up and down, a round each, until all were timed often enough or time is up."""

    settled = False

    def __init__(self, lengths: Sequence[int], times: RoundTimes) -> None:
        self._plan = [length for turn in range(_N_TURNS) for length in sorted(lengths, reverse=turn % 2 == 1)]
        self._times, self._n_lengths = times, len(lengths)
        self._n_done, self._ms = 0, 0.0
        self._first: list[tuple[int, float]] = []

    @property
    def gamma(self) -> int:
        """The length whose turn it is."""
        return self._plan[min(self._n_done, len(self._plan) - 1)]

    @property
    def lengths(self) -> tuple[int, ...]:
        """All that are timed."""
        return tuple(sorted(set(self._plan)))

    @property
    def n_most(self) -> int:
        """The most tokens that the rounds can emit together."""
        return sum(self._plan) + len(self._plan)

    @property
    def done(self) -> bool:
        """Whether enough was timed."""
        in_time = self._ms < _MOST_MS or self._n_done < self._n_lengths
        return self._n_done >= len(self._plan) or not in_time

    def begin(self) -> None:
        """Decide nothing."""

    def observe(self, facts: RoundFacts) -> Decision | None:
        """Note the time of a round, and go on to the next length."""
        self._n_done, self._ms = self._n_done + 1, self._ms + facts.ms
        if facts.n_drafted or not facts.n_asked:
            if self._n_done > self._n_lengths:
                self._times.calibrate(facts.n_drafted, facts.ms)
            elif facts.n_drafted == facts.n_asked:
                self._first.append((facts.n_drafted, facts.ms))
        if self.done:
            self._fill()
        return Decision(self.gamma, "timing")

    def _fill(self) -> None:
        """Take the times of the first turn for lengths that had no other."""
        for length, ms in self._first:
            if not self._times.knows(length):
                self._times.calibrate(length, ms)
