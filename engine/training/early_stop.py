"""Decides from its scores and losses alone when a training will not get better; pure functions."""

from collections.abc import Sequence
from statistics import fmean
from typing import TypeAlias

_MOVED, _FLAT, _FEWEST_LOSSES = 0.02, 0.01, 2

# Pairs of a step and a score, or a loss, by ascending step.
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


def enough(scores: Scores, losses: Scores, *, patience: int) -> bool:
    """Whether the last `patience` looks brought no better score.

    They count from when the score has moved, or the loss is flat: until then a drafter that proposes nothing right yet
    may still learn to."""
    if not has_moved(scores) and not is_flat(losses):
        return False
    return looks_since_best(scores) >= patience


def has_moved(scores: Scores) -> bool:
    """Whether a score is clearly higher than the first."""
    return bool(scores) and max(score for _, score in scores) >= scores[0][1] + _MOVED


def is_flat(losses: Scores) -> bool:
    """Whether the last third of the losses is hardly lower than the third before it; False where there are too few."""
    third = len(losses) // 3
    if third < _FEWEST_LOSSES:
        return False
    before, last = (fmean(loss for _, loss in part) for part in (losses[-2 * third : -third], losses[-third:]))
    return last > (1 - _FLAT) * before
