"""Watches whether a gate still fits: compares the audited tokens of a run with what the gate's training promised.

* imports neither Qt nor torch."""

from typing import TYPE_CHECKING, Self

from engine.events import ProposedToken, RoundFinished
from engine.sprinter.theory import confusion_at
from engine.statistics import RatioSums, running_interval

if TYPE_CHECKING:
    from engine.sprinter.cards import GateCard

# Fewer audited tokens say nothing of a share that is a few per cent.
_FEWEST_AUDITED = 50
# What a warning says where a gate has drifted.
DRIFTED = "the gate has drifted"


class Drift:
    """Folds rounds. share: of the audited tokens so far, how many the target would have rejected; None before any.

    promised: the same share on the held-out documents of the gate's training, None where it was not trained."""

    def __init__(self, promised: float | None) -> None:
        self.share: float | None = None
        self._promised = promised
        self._sums, self._n, self._wrong = RatioSums(), 0, 0.0
        self._warned = False

    @classmethod
    def of(cls, card: "GateCard | None", threshold: float) -> Self:
        """Watch a gate at a threshold."""
        if card is None or not card.confusions:
            return cls(None)
        at = confusion_at(card.confusions, threshold)
        return cls(at.false_pass / at.rho if at.rho else 0.0)

    def take(self, event: RoundFinished) -> str:
        """Take a round; returns what has to be said, once, where the gate is wrong more often than it was."""
        audited = [token for token in event.proposed if token.audited]
        self._n += len(audited)
        self._wrong += sum(1 - token.accept_prob for token in audited)
        n_wrong = sum(would_fail(token) for token in audited)
        self._sums = self._sums.plus(n_wrong, len(audited))
        self.share = self._wrong / self._n if self._n else None
        interval = running_interval(self._sums)
        if self._warned or self._promised is None or interval is None or self._n < _FEWEST_AUDITED:
            return ""
        if interval.low <= self._promised:
            return ""
        self._warned = True
        return (
            f"the target would have rejected {100 * (self.share or 0):.0f} % of {self._n} audited tokens, and at the "
            f"gate's training it was {100 * self._promised:.0f} %: {DRIFTED}"
        )


def would_fail(token: ProposedToken) -> bool:
    """Whether the exact rule would have rejected a token, with the draw that was made for it."""
    return token.accept_prob <= (0.0 if token.u is None else token.u)
