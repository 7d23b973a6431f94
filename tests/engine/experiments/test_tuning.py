"""Draft lengths chosen by prediction, against drafters whose every round is known."""

import pytest
from msgspec.structs import replace

from engine.experiments.tuning import LONGEST, best_lengths, is_pass_due, trial_of
from tests.engine.experiments.drafts import SimulatedPair, hits

N_TEXTS = 20
# Acceptance rate, cost of a drafter step and of one more token to verify, both in milliseconds of a step of 10.
PAIRS = [(0.92, 0.5, 0.3), (0.8, 1.0, 2.5), (0.7, 3.0, 0.5), (0.5, 0.2, 1.0), (0.3, 4.0, 2.5)]


@pytest.mark.parametrize(("alpha", "draft_ms", "token_ms"), PAIRS)
def test_unseen_draft_lengths_are_predicted_and_the_best_is_among_those_confirmed(
    alpha: float, draft_ms: float, token_ms: float
) -> None:
    texts, pair = [hits(alpha, seed) for seed in range(N_TEXTS)], SimulatedPair(draft_ms, token_ms)
    tried = {gamma: [pair.rounds(text, gamma) for text in texts] for gamma in (1, 4)}
    trial = trial_of(tried, pair.plain_ms, pair.widths)
    measured = {gamma: pair.speedup(texts, gamma) for gamma in range(1, LONGEST + 1)}
    predicted = {gamma: trial.predicted(gamma) for gamma in measured}
    assert predicted == pytest.approx(measured, abs=0.05)
    confirmed = best_lengths(predicted)
    best = max([1.0, *measured.values()])
    assert max([1.0, *(measured[gamma] for gamma in confirmed)]) >= 0.97 * best
    assert len(confirmed) == (3 if max(predicted.values()) > 1 else 1)


def test_a_drafter_that_never_proposes_is_predicted_to_bring_nothing() -> None:
    pair = SimulatedPair(0.0, 1.0)
    nothing = [replace(event, proposed=()) for event in pair.rounds([False] * 30, 1)]
    trial = trial_of({1: [nothing], 4: [nothing]}, pair.plain_ms, ((1, 9.6), (5, 14.0)))
    assert trial.predicted(4) == pytest.approx(1.0)
    assert trial.predicted(0) == pytest.approx(1.0)


def test_verifying_is_timed_at_the_beginning_at_the_end_and_between() -> None:
    assert [index for index in range(20) if is_pass_due(index, 20)] == [0, 3, 5, 8, 11, 14, 16, 19]
    assert [index for index in range(2) if is_pass_due(index, 2)] == [0, 1]
    assert is_pass_due(0, 1)


def test_lengths_to_confirm_are_the_three_best_in_order() -> None:
    assert best_lengths({1: 1.1, 2: 1.4, 3: 1.5, 4: 1.3, 5: 1.2}) == [2, 3, 4]
    assert best_lengths({1: 0.9, 2: 0.8}) == [1]
