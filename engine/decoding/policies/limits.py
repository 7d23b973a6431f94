"""Ends drafting where the text gets long or memory gets short, whatever another policy chooses.

* imports neither Qt nor torch."""

from collections.abc import Callable

from engine.decoding.policies.policy import Decision, DraftPolicy, RoundFacts
from engine.events import PolicyReason

_LOOK_EVERY = 16
# Memory must be this much above its limit before drafting begins again.
_RELEASED = 1.25


class WithinLimits:
    """Another policy, with plain decoding past a length of the text and while less than so much memory is free.

    most_ids, least_bytes: 0 for no limit. free_bytes: looks at the memory that is free, every 16 rounds."""

    def __init__(self, inner: DraftPolicy, *, most_ids: int, least_bytes: int, free_bytes: Callable[[], int]) -> None:
        self._inner, self._most_ids, self._least_bytes, self._free_bytes = inner, most_ids, least_bytes, free_bytes
        self._stopped: PolicyReason | None = None
        self._n_rounds, self._n_ids = 0, 0

    @property
    def gamma(self) -> int:
        """0 where a limit is reached, else what the other policy says."""
        return 0 if self._stopped else self._inner.gamma

    @property
    def lengths(self) -> tuple[int, ...]:
        """Those of the other policy, and plain decoding."""
        return tuple(sorted({0, *self._inner.lengths}))

    @property
    def settled(self) -> bool:
        """Whether neither the other policy nor a limit can change anything after the next round."""
        if self._stopped == "long_text":
            return True
        looks = bool(self._least_bytes) and (self._n_rounds + 1) % _LOOK_EVERY == 0
        near = bool(self._most_ids) and (not self._n_ids or self._n_ids + self.gamma + 1 >= self._most_ids)
        return not looks and not near and (bool(self._stopped) or self._inner.settled)

    def begin(self) -> Decision | None:
        """What the other policy begins with."""
        return self._inner.begin()

    def observe(self, facts: RoundFacts) -> Decision | None:
        """Look at the limits first; the other policy decides only within them."""
        before, was_stopped = self.gamma, self._stopped
        self._n_rounds, self._n_ids = self._n_rounds + 1, facts.n_ids
        decision = None if was_stopped else self._inner.observe(facts)
        self._stopped = self._reached(facts.n_ids)
        if self._stopped == was_stopped:
            return decision
        if self._stopped is None:
            return Decision(self.gamma, "memory_free")
        return Decision(0, self._stopped) if before else None

    def _reached(self, n_ids: int) -> PolicyReason | None:
        """The limit that is reached now."""
        if self._most_ids and n_ids >= self._most_ids:
            return "long_text"
        if not self._least_bytes or self._n_rounds % _LOOK_EVERY:
            return self._stopped
        least = self._least_bytes * (_RELEASED if self._stopped else 1.0)
        return "little_memory" if self._free_bytes() < least else None
