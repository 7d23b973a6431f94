"""Policy: the same draft length in every round.

* imports neither Qt nor torch."""

from engine.decoding.policies.policy import RoundFacts


class FixedLength:
    """Drafts gamma tokens in every round; 0 is plain decoding."""

    settled = True

    def __init__(self, gamma: int) -> None:
        self.gamma = gamma

    @property
    def lengths(self) -> tuple[int, ...]:
        """The one length."""
        return (self.gamma,)

    def begin(self) -> None:
        """Decide nothing."""

    def observe(self, facts: RoundFacts) -> None:
        """Decide nothing."""
