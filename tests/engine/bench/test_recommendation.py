"""What tuning says, against what a sweep measures."""

import pytest

from engine.bench.recommendation import outcome
from engine.events import ComparisonMeasured, GammaPrediction, LaneFigures, Recommendation
from engine.statistics import RatioEstimate


def swept(**speedups: float) -> ComparisonMeasured:
    rows = [
        LaneFigures(name, "a", int(name[1:]), "speculative", 5, 500, speedup=RatioEstimate(value))
        for name, value in speedups.items()
    ]
    return ComparisonMeasured(tuple(rows), 5, 5)


def tuned(drafter: str, gamma: int) -> ComparisonMeasured:
    predictions = (GammaPrediction("a", 1, 1.30), GammaPrediction("a", 2, 1.50, 1.6), GammaPrediction("a", 3, 1.42))
    chosen = Recommendation(drafter, "", gamma, "why", "5 prompts")
    return ComparisonMeasured((), 5, 5, recommendation=chosen, predictions=predictions)


def test_errors_are_those_of_lengths_that_tuning_did_not_measure() -> None:
    checked = outcome(tuned("a", 2), swept(g1=1.32, g2=1.9, g3=1.40))
    assert (checked.best, checked.best_gamma, checked.shortfall) == ("a", 2, 0.0)
    assert checked.error == pytest.approx(0.02)
    assert [each.confirmed for each in checked.lengths] == [False, True, False]


def test_what_is_missed_is_a_share_of_the_best_speedup() -> None:
    assert outcome(tuned("a", 3), swept(g1=1.0, g2=2.0, g3=1.5)).shortfall == pytest.approx(0.25)


def test_plain_decoding_is_a_setting_of_the_sweep() -> None:
    losing = swept(g1=0.9, g2=0.8)
    assert outcome(tuned("none", 0), losing).shortfall == 0.0
    assert outcome(tuned("a", 1), losing).shortfall == pytest.approx(0.1)
    assert outcome(tuned("a", 1), losing).best == "none"
