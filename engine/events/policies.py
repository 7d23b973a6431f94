"""What a draft-length policy decides while a run decodes; others import these events from `engine.events`.

* imports neither Qt nor torch."""

from typing import Literal, TypeAlias

from engine.events.base import Event

# Why a draft length changed. Every one has its sentence in `app/words/policies.py`.
PolicyReason: TypeAlias = Literal[
    "timing", "faster", "too_slow", "pays", "probe", "probe_failed", "all_accepted", "not_all_accepted", "unsure",
    "sure", "usual_run", "low_acceptance", "acceptance_recovered", "long_text", "little_memory", "memory_free",
    "did_not_pay",
]  # fmt: skip


class PolicyDecided(Event, frozen=True):
    """A policy changed the draft length. round: the first one with the new length, 0 for plain decoding.

    predicted_before, predicted_after: the speedup that it predicts for each length; None where it predicts none."""

    round: int
    gamma_before: int
    gamma_after: int
    predicted_before: float | None
    predicted_after: float | None
    reason: PolicyReason
    at_s: float = 0.0
