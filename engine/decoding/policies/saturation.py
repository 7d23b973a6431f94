"""Policy: drafts as long as what was lately accepted, and no longer.

* imports neither Qt nor torch. It needs no times and no probabilities. Idea: tokens behind the place where acceptance
usually ends are drafted and verified in vain (an audit of draft lengths by pramodjella, 2026, found this to be the only
signal that paid at batch size 1)."""

from collections import deque

from engine.decoding.policies.policy import Decision, RoundFacts

_N_ROUNDS = 16
_SHARE = 0.9
_EVERY = 4


class AcceptedRuns:
    """Every few rounds takes the length that nine in ten of the last drafts did not exceed in accepted tokens.

    A draft accepted whole might have gone on: it counts as one token longer than it was."""

    def __init__(self, gamma: int, *, most: int) -> None:
        self.gamma, self._most = gamma, max(gamma, most)
        self._runs: deque[int] = deque(maxlen=_N_ROUNDS)
        self._n_rounds = 0

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every length up to the largest."""
        return tuple(range(1, self._most + 1))

    @property
    def settled(self) -> bool:
        """Whether no decision is due after the next round."""
        return (self._n_rounds + 1) % _EVERY != 0

    def begin(self) -> None:
        """Decide nothing."""

    def observe(self, facts: RoundFacts) -> Decision | None:
        """Count the accepted tokens, and decide every few rounds."""
        self._n_rounds += 1
        if facts.n_drafted:
            self._runs.append(facts.n_accepted + (facts.n_accepted == facts.n_drafted))
        if self._n_rounds % _EVERY or not self._runs:
            return None
        in_order = sorted(self._runs)
        usual = in_order[min(len(in_order) - 1, int(_SHARE * len(in_order)))]
        gamma = min(self._most, max(1, usual))
        if gamma == self.gamma:
            return None
        self.gamma = gamma
        return Decision(gamma, "usual_run")
