"""Decides from its scores alone when a training will not get better; pure functions."""

from collections.abc import Sequence
from typing import TypeAlias

Scores: TypeAlias = Sequence[tuple[int, float]]


def best_step(scores: Scores) -> int:
    """The step of the highest score, the first of equal ones; 0 if there is none."""
    return max(scores, key=lambda pair: pair[1], default=(0, 0.0))[0]


def is_best(scores: Scores, score: float) -> bool:
    """Whether a new score is higher than all before it."""
    return all(score > before for _, before in scores)


def looks_since_best(scores: Scores) -> int:
    """How many scores came after the highest."""
    best = best_step(scores)
    return sum(step > best for step, _ in scores)


def enough(scores: Scores, *, patience: int) -> bool:
    """Whether the last `patience` looks brought no better score."""
    return looks_since_best(scores) >= patience
