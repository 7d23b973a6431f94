"""Draft lengths chosen by prediction, against drafters whose every round is known."""

from collections.abc import Sequence
from random import Random

import pytest
from msgspec.structs import replace

from engine.events import RoundFinished
from engine.experiments.tuning import LONGEST, best_lengths, trial_of
from tests.engine.experiments.drafts import greedy_rounds

PLAIN_MS, FIXED_MS, LENGTH, N_TEXTS = 10.0, 0.4, 120, 20
# Acceptance rate, cost of a drafter step and of one more token to verify, both in milliseconds of a step of 10.
PAIRS = [(0.92, 0.5, 0.3), (0.8, 1.0, 2.5), (0.7, 3.0, 0.5), (0.5, 0.2, 1.0), (0.3, 4.0, 2.5)]


def hits(alpha: float, seed: int) -> list[bool]:
    """Where a drafter is right in a text: more often after it was right, as drafters are."""
    rng, right, made = Random(seed), True, []
    for _ in range(LENGTH):
        right = rng.random() < (alpha + 0.3 * (1 - alpha) if right else alpha - 0.3 * alpha)
        made.append(right)
    return made


def rounds(text: Sequence[bool], gamma: int, draft_ms: float, token_ms: float) -> list[RoundFinished]:
    """The rounds over a text, each as long as the costs say."""
    return [
        replace(
            event,
            draft_ms=draft_ms * len(event.proposed),
            verify_ms=PLAIN_MS - FIXED_MS + token_ms * len(event.proposed),
            other_ms=FIXED_MS,
        )
        for event in greedy_rounds(text, gamma)
    ]


def speedup(texts: Sequence[Sequence[bool]], gamma: int, draft_ms: float, token_ms: float) -> float:
    """What an exhaustive sweep would measure."""
    made = [event for text in texts for event in rounds(text, gamma, draft_ms, token_ms)]
    return PLAIN_MS * len(texts) * LENGTH / sum(event.draft_ms + event.verify_ms + event.other_ms for event in made)


@pytest.mark.parametrize(("alpha", "draft_ms", "token_ms"), PAIRS)
def test_unseen_draft_lengths_are_predicted_and_the_best_is_among_those_confirmed(
    alpha: float, draft_ms: float, token_ms: float
) -> None:
    texts = [hits(alpha, seed) for seed in range(N_TEXTS)]
    tried = {gamma: [rounds(text, gamma, draft_ms, token_ms) for text in texts] for gamma in (1, 4)}
    widths = tuple((width, PLAIN_MS - FIXED_MS + token_ms * (width - 1)) for width in (1, 2, 3, 5, 9, 17))
    trial = trial_of(tried, PLAIN_MS, widths)
    measured = {gamma: speedup(texts, gamma, draft_ms, token_ms) for gamma in range(1, LONGEST + 1)}
    predicted = {gamma: trial.predicted(gamma) for gamma in measured}
    assert predicted == pytest.approx(measured, abs=0.05)
    confirmed = best_lengths(predicted)
    best = max([1.0, *measured.values()])
    assert max([1.0, *(measured[gamma] for gamma in confirmed)]) >= 0.97 * best
    assert len(confirmed) == (3 if max(predicted.values()) > 1 else 1)


def test_a_drafter_that_never_proposes_is_predicted_to_bring_nothing() -> None:
    nothing = [replace(event, proposed=()) for event in rounds([False] * 30, 1, 0.0, 1.0)]
    trial = trial_of({1: [nothing], 4: [nothing]}, PLAIN_MS, ((1, 9.6), (5, 14.0)))
    assert trial.predicted(4) == pytest.approx(1.0)
    assert trial.predicted(0) == pytest.approx(1.0)


def test_lengths_to_confirm_are_the_three_best_in_order() -> None:
    assert best_lengths({1: 1.1, 2: 1.4, 3: 1.5, 4: 1.3, 5: 1.2}) == [2, 3, 4]
    assert best_lengths({1: 0.9, 2: 0.8}) == [1]
