"""The interface of a draft-length policy: what it learns of each round, and what it decides.

* imports neither Qt nor torch. A policy sees finished rounds alone, never the round it chooses a length for: the text
of a round is then distributed as the target's, whatever its length."""

from typing import NamedTuple, Protocol

from engine.events import PolicyReason


class RoundFacts(NamedTuple):
    """What a policy learns of a finished round.

    n_asked: the most tokens that the drafter might propose; n_drafted: how many it proposed in a row; n_accepted: of
    them. ms: the time of the whole round. n_ids: length of the text after it. free_bytes: memory left on the device,
    None where nobody looked."""

    n_asked: int
    n_drafted: int
    n_accepted: int
    ms: float
    n_ids: int


class Decision(NamedTuple):
    """A new draft length and the reason; predicted speedups before and after, None where the policy predicts none.

    past: whether the round that was just finished already had the new length, as one that its drafter ended has."""

    gamma: int
    reason: PolicyReason
    predicted_before: float | None = None
    predicted_after: float | None = None
    past: bool = False


class DraftPolicy(Protocol):
    """Chooses the draft length of the next round; one object serves one generation."""

    @property
    def gamma(self) -> int:
        """The most tokens that the next round drafts; 0 for a round of plain decoding."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every length that it may ask for, ascending: what a device captures before anything is timed."""

    @property
    def settled(self) -> bool:
        """Whether the round after the next certainly has the same length, and may therefore begin early."""

    def begin(self) -> Decision | None:
        """Called before the first round; returns a decision where that one has another length than `gamma` before."""

    def observe(self, facts: RoundFacts) -> Decision | None:
        """Learn of the round that was just finished; returns a decision where the length changes."""


LADDER = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)


def ladder(most: int, *others: int) -> tuple[int, ...]:
    """The draft lengths that are worth trying, up to `most`, and `others`: fewer where one more matters little."""
    return tuple(sorted({*(length for length in LADDER if length <= most), *others}))
