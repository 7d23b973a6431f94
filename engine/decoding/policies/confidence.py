"""Policy: a draft ends with the first token of which the drafter itself was unsure.

* imports neither Qt nor torch. The drafter stops (`DraftContext.stop_below`); this file only says what came of it. The
token that stopped the draft stays in it and is verified: left out because of its own value, it would bias the text.
Source: transformers 5.24, `ConfidenceCriteria`; there the threshold moves, here it stays."""

from engine.decoding.policies.policy import Decision, RoundFacts


class ConfidenceStop:
    """Allows gamma tokens a round, and reports where drafts become longer or shorter."""

    settled = True

    def __init__(self, gamma: int) -> None:
        self.gamma = gamma
        self._last = gamma

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every length that a stopped draft may have."""
        return tuple(range(1, self.gamma + 1))

    def begin(self) -> None:
        """Decide nothing."""

    def observe(self, facts: RoundFacts) -> Decision | None:
        """Report a draft of another length than the one before; the limit itself never moves."""
        if not facts.n_drafted or facts.n_asked < self.gamma or facts.n_drafted == self._last:
            return None
        self._last = facts.n_drafted
        return Decision(facts.n_drafted, "unsure" if facts.n_drafted < self.gamma else "sure", past=True)
