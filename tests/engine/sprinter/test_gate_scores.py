"""ROC, reliability and shares, against counting by hand."""

import numpy as np
import pytest

from engine.sprinter import gate_scores

PROBS = np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.3])
ACCEPTED = np.array([1.0, 1.0, 0.0, 1.0, 1.0, 0.0])


def test_auc_counts_pairs_in_the_right_order_and_half_of_ties() -> None:
    pairs = [(a, b) for a in PROBS[ACCEPTED == 1] for b in PROBS[ACCEPTED == 0]]
    expected = sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs)
    assert gate_scores.auc(PROBS, ACCEPTED) == pytest.approx(expected)
    assert gate_scores.auc(-PROBS, ACCEPTED) == pytest.approx(1 - expected)


def test_auc_of_one_class_is_no_better_than_chance() -> None:
    assert gate_scores.auc(PROBS, np.ones(6)) == 0.5


def test_shares_at_a_threshold_add_up_and_give_the_rates() -> None:
    low, high = gate_scores.confusions(PROBS, ACCEPTED, (0.0, 0.65))
    assert (low.rho, low.eta_fp, low.eta_fn) == (pytest.approx(1), 1, 0)
    assert (high.true_pass, high.false_pass) == (pytest.approx(2 / 6), pytest.approx(1 / 6))
    assert (high.eta_fp, high.eta_fn) == (pytest.approx(0.5), pytest.approx(0.5))
    assert high.true_pass + high.false_pass + high.true_stop + high.false_stop == pytest.approx(1)
    assert high.alpha == pytest.approx(4 / 6)


def test_acceptance_in_parts_counts_as_both() -> None:
    (at,) = gate_scores.confusions(np.array([0.9, 0.1]), np.array([0.25, 0.5]), (0.5,))
    assert (at.true_pass, at.false_pass) == (pytest.approx(0.125), pytest.approx(0.375))


def test_reliability_of_a_calibrated_gate_is_the_diagonal() -> None:
    rng = np.random.default_rng(0)
    probs = rng.random(20_000)
    accepted = (rng.random(20_000) < probs).astype(float)
    score = gate_scores.score("gate", probs, accepted, np.arange(20_000) // 500)
    assert score.ece < 0.02
    assert len(score.reliability) == 10
    assert score.auc_ci is not None
    assert score.auc_ci.low < score.auc < score.auc_ci.high
    assert score.roc[0].true_rate == 1
    assert [point.threshold for point in score.roc] == sorted(point.threshold for point in score.roc)
