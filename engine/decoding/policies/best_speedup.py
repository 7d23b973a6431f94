"""Rule: the draft length with the largest predicted speedup, plain decoding among them.

* imports neither Qt nor torch. The speedup of a length is the tokens that a round emits, times a plain round, over a
round of that length (arXiv:2211.17192, theorem 3.8, with measured times in place of c)."""

from engine.decoding.policies.acceptance import RecentAcceptance
from engine.decoding.policies.policy import Decision, RoundFacts
from engine.decoding.policies.round_times import RoundTimes

# By how much another length must be better, and drafting be better than not, so that noise does not move them.
_BETTER, _PAYS = 1.02, 1.04
# What is known of the latest text weighs so many tested tokens when the next one begins.
_REMEMBERED = 20.0


class BestSpeedup:
    """Chooses among `lengths`. Drafting ends where even the upper end of what acceptance leaves possible predicts less
    than plain decoding for all of them, and begins again where the estimate itself predicts more."""

    def __init__(self, lengths: tuple[int, ...], times: RoundTimes) -> None:
        self.lengths, self._times = lengths, times

    def while_drafting(self, gamma: int, recent: RecentAcceptance) -> Decision | None:
        """The best length, if it is clearly better; 0 where none can pay, and for one round to time plain decoding."""
        if not self._times.knows(0):
            return Decision(0, "timing")
        speeds = self._speeds(recent, shift=0.0)
        if not speeds:
            return None
        best, now = max(speeds, key=speeds.__getitem__), self.predicted(gamma, recent)
        if speeds[best] < 1.0 and self._most_possible(recent) < 1.0:
            return Decision(0, "too_slow", now, 1.0)
        if best == gamma or (now is not None and speeds[best] < now * _BETTER):
            return None
        return Decision(best, "faster", now, speeds[best])

    def while_plain(self, recent: RecentAcceptance) -> Decision | None:
        """The best length, if drafting clearly pays."""
        speeds = self._speeds(recent, shift=0.0)
        best = max(speeds, key=speeds.__getitem__, default=0)
        return Decision(best, "pays", 1.0, speeds[best]) if best and speeds[best] >= _PAYS else None

    def expected(self) -> RecentAcceptance:
        """Expect what the latest text had, with little weight."""
        most, recent = max(self.lengths), self._times.acceptance
        if recent is None or recent.most < most:
            recent = RecentAcceptance(most)
        recent.limit(_REMEMBERED)
        self._times.acceptance = recent
        return recent

    def predicted(self, gamma: int, recent: RecentAcceptance) -> float | None:
        """Predict the speedup of one length; None until rounds were timed."""
        plain_ms, ms, taus = self._times.ms(0), self._times.ms(gamma), recent.tokens_per_round()
        return None if plain_ms is None or ms is None or gamma >= len(taus) else taus[gamma] * plain_ms / ms

    def learn(self, facts: RoundFacts) -> None:
        """Take the time of a round; one in which a drafter found nothing to propose is no plain one."""
        if facts.n_drafted or not facts.n_asked:
            self._times.observe(facts.n_drafted, facts.ms)

    def learn_catching_up(self, facts: RoundFacts, n_missed: float) -> None:
        """Take what the round took longer than one of its length; its own time tells nothing of that length."""
        self._times.observe_catching_up(facts.n_drafted, facts.ms, n_missed)

    def in_plain_rounds(self, n_drafted: int) -> float:
        """The time of a length by that of plain decoding; 1 until both were timed."""
        plain_ms, ms = self._times.ms(0), self._times.ms(n_drafted)
        return 1.0 if plain_ms is None or ms is None else ms / plain_ms

    def catching_up(self) -> float:
        """The least that reading a token took, by the time of plain decoding; 0 until it was timed."""
        plain_ms, ms = self._times.ms(0), self._times.catching_up_ms
        return 0.0 if plain_ms is None or ms is None else ms / plain_ms

    def _most_possible(self, recent: RecentAcceptance) -> float:
        """The largest speedup where acceptance is as high as it may be."""
        shift = max(0.0, recent.highest_alpha() - recent.alpha)
        return max(self._speeds(recent, shift=shift).values(), default=1.0)

    def _speeds(self, recent: RecentAcceptance, *, shift: float) -> dict[int, float]:
        """The predicted speedup of each length; empty until rounds were timed."""
        plain_ms, taus, speeds = self._times.ms(0), recent.tokens_per_round(shift=shift), {}
        for length in self.lengths:
            ms = self._times.ms(length)
            if ms is not None and plain_ms is not None:
                speeds[length] = taus[length] * plain_ms / ms
        return speeds
