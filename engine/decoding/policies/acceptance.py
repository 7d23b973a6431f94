"""Estimates acceptance by position from the latest rounds, with the upper end of what they leave possible.

* imports neither Qt nor torch. alpha: the acceptance rate of all positions together, in a window that forgets
exponentially. A position of which few drafts are known has nearly alpha."""

from math import sqrt

from engine.decoding.policies.policy import RoundFacts

# Weights in tested tokens: of the first guess, and of alpha in the estimate of a position.
_GUESS, _GUESS_WEIGHT, _ALPHA_WEIGHT = 0.7, 2.0, 6.0
_FORGET = 1 - 1 / 96
_LARGEST_UNIT = 1e9
# One-sided 90 %.
_Z = 1.28


class RecentAcceptance:
    """Acceptance at positions 1 to `most` of the latest drafts."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._accepted, self._tested = [0.0] * most, [0.0] * most
        self._sum_accepted = self._sum_tested = 0.0
        self._unit = 1.0  # what one token counts now; it grows, which lets all earlier ones fade

    def add(self, facts: RoundFacts) -> None:
        """Count a draft: each accepted token, and the first rejected one."""
        n_tested = min(facts.n_drafted, facts.n_accepted + 1, len(self._tested))
        n_accepted = min(facts.n_accepted, n_tested)
        self._fade(_FORGET)
        unit = self._unit
        for i in range(n_tested):
            self._tested[i] += unit
        for i in range(n_accepted):
            self._accepted[i] += unit
        self._sum_tested += n_tested * unit
        self._sum_accepted += n_accepted * unit

    def limit(self, n_tested: float) -> None:
        """Let all that is known weigh no more than so many tested tokens."""
        if self.n_tested > n_tested:
            self._fade(n_tested / self.n_tested)

    def _fade(self, factor: float) -> None:
        """Multiply the weight of all that is known, compared with what comes."""
        self._unit /= factor
        if self._unit > _LARGEST_UNIT:
            self._tested = [n / self._unit for n in self._tested]
            self._accepted = [n / self._unit for n in self._accepted]
            self._sum_tested /= self._unit
            self._sum_accepted /= self._unit
            self._unit = 1.0

    @property
    def alpha(self) -> float:
        """The acceptance rate of all positions, with a little of the first guess."""
        guesses = _GUESS_WEIGHT * self._unit
        return (self._sum_accepted + _GUESS * guesses) / (self._sum_tested + guesses)

    @property
    def n_tested(self) -> float:
        """Weight of what is known, in tested tokens."""
        return self._sum_tested / self._unit

    def highest_alpha(self) -> float:
        """The upper end of the acceptance rate: Wilson's interval, 90 % one-sided, without the guess."""
        n = self.n_tested
        if n <= 0:
            return 1.0
        rate, z2 = self._sum_accepted / self._sum_tested, _Z * _Z
        return (rate + z2 / (2 * n) + _Z * sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n)

    def tokens_per_round(self, *, shift: float = 0.0) -> list[float]:
        """Tokens that a round is expected to emit for drafts of 0, 1, 2, ... tokens.

        shift: added to the acceptance at every position."""
        reached, total, weight = 1.0, 1.0, _ALPHA_WEIGHT * self._unit
        prior, taus = weight * self.alpha, [1.0]
        for accepted, tested in zip(self._accepted, self._tested, strict=True):
            reached *= min(1.0, (accepted + prior) / (tested + weight) + shift)
            total += reached
            taus.append(total)
        return taus
