"""Rule: no drafting while fewer than six in ten tested tokens are accepted.

* imports neither Qt nor torch. The popular rule, for comparison. It asks for no times, and is wrong for cheap drafters:
where a drafter step costs a tenth of a target step, drafts of 3 tokens pay from an acceptance rate of .23 on."""

from engine.decoding.policies.acceptance import RecentAcceptance
from engine.decoding.policies.policy import Decision, RoundFacts

_LEAST_ALPHA, _LEAST_TESTED = 0.6, 10.0


class AlphaThreshold:
    """Drafts gamma tokens or none."""

    def __init__(self, gamma: int) -> None:
        self.lengths: tuple[int, ...] = (gamma,)

    def while_drafting(self, gamma: int, recent: RecentAcceptance) -> Decision | None:
        """0 below the rate, once enough was tested."""
        is_low = recent.n_tested >= _LEAST_TESTED and recent.alpha < _LEAST_ALPHA
        return Decision(0, "low_acceptance") if is_low else None

    def while_plain(self, recent: RecentAcceptance) -> Decision | None:
        """The length again, from the rate on."""
        return Decision(self.lengths[0], "acceptance_recovered") if recent.alpha >= _LEAST_ALPHA else None

    def expected(self) -> RecentAcceptance:
        """Expect nothing in particular."""
        return RecentAcceptance(max(self.lengths))

    def predicted(self, gamma: int, recent: RecentAcceptance) -> float | None:
        """Nothing is predicted."""
        return None

    def learn(self, facts: RoundFacts) -> None:
        """Times do not matter."""

    def learn_catching_up(self, facts: RoundFacts, n_missed: float) -> None:
        """Times do not matter."""

    def in_plain_rounds(self, n_drafted: int) -> float:
        """Every round counts as one."""
        return 1.0

    def catching_up(self) -> float:
        """Reading counts as nothing."""
        return 0.0
