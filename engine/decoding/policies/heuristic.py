"""Policy: two tokens more after a draft that was accepted whole, one less after any other, as in transformers.

* imports neither Qt nor torch. Source: transformers 5.24, `AssistedCandidateGenerator.update_candidate_strategy`,
schedule "heuristic_transient": it starts anew with every generation, and never drafts fewer than one token."""

from engine.decoding.policies.policy import Decision, RoundFacts

_MORE, _LESS = 2, 1


class TwoMoreOneLess:
    """Starts at gamma; stays between 1 and `most`, where transformers knows no upper end."""

    settled = False

    def __init__(self, gamma: int, *, most: int) -> None:
        self.gamma, self._most = gamma, max(gamma, most)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every length up to the largest."""
        return tuple(range(1, self._most + 1))

    def begin(self) -> None:
        """Decide nothing."""

    def observe(self, facts: RoundFacts) -> Decision | None:
        """Lengthen after full acceptance, which an empty draft has too; shorten after anything else."""
        whole = facts.n_accepted == facts.n_drafted
        gamma = min(self._most, self.gamma + _MORE) if whole else max(1, self.gamma - _LESS)
        if gamma == self.gamma:
            return None
        self.gamma = gamma
        return Decision(gamma, "all_accepted" if whole else "not_all_accepted")
