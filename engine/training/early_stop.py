"""When a training will not get better, from its scores alone; pure."""

from collections.abc import Sequence
from typing import TypeAlias

Scores: TypeAlias = Sequence[tuple[int, float]]


def best_step(scores: Scores) -> int:
    """The step of the highest score, the first of equal ones; 0 where there is none."""
    return max(scores, key=lambda pair: pair[1], default=(0, 0.0))[0]


def is_best(scores: Scores, score: float) -> bool:
    """Whether a further score is higher than all before it."""
    return all(score > before for _, before in scores)


def looks_since_best(scores: Scores) -> int:
    """How many scores came after the highest."""
    best = best_step(scores)
    return sum(step > best for step, _ in scores)


def enough(scores: Scores, *, patience: int) -> bool:
    """Whether so many looks brought nothing better."""
    return looks_since_best(scores) >= patience
