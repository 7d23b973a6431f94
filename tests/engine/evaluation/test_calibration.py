"""Calibration: the fitted temperature is that of the data, bins and error by hand, weights that separate."""

import numpy as np
import pytest

from engine.errors import InputError
from engine.evaluation.calibration import N_BINS, at_bound, calibrate, ece, learn_weights, reliability

RNG = np.random.default_rng(0)


def test_temperature_of_the_data_is_found_and_lowers_loss_and_error() -> None:
    true = RNG.normal(0, 1.5, 4000)
    right = RNG.random(4000) < 1 / (1 + np.exp(-true))
    found = calibrate((3 * true).tolist(), right.tolist())
    assert found.temperature == pytest.approx(3, rel=0.1)
    assert found.nll_after < found.nll_before
    assert found.ece_after < 0.03 < found.ece_before


def test_temperature_has_the_lowest_loss_of_all_around_it() -> None:
    odds, right = RNG.normal(0, 4, 200), RNG.random(200) < 0.6
    found = calibrate(odds.tolist(), right.tolist())
    losses = [float(np.logaddexp(0, np.where(right, -odds, odds) / (found.temperature * f)).mean()) for f in (0.9, 1.1)]
    assert found.nll_after <= min(losses)


def test_verdicts_that_contradict_what_is_right_have_no_temperature() -> None:
    odds = np.random.default_rng(1).normal(0, 2, 200)
    assert at_bound(calibrate(odds.tolist(), (odds < 0).tolist()).temperature)
    noisy = odds + np.random.default_rng(2).normal(0, 1, 200)
    assert not at_bound(calibrate(odds.tolist(), (noisy > 0).tolist()).temperature)


def test_bins_and_error_are_those_counted_by_hand() -> None:
    bins = reliability([0.05, 0.95, 0.95, 1.0], [False, True, False, True])
    assert [one.n for one in bins] == [1, *[0] * (N_BINS - 2), 3]
    assert bins[0].confidence == pytest.approx(0.05) and bins[0].accuracy == 0.0
    assert bins[1].confidence is None and bins[1].accuracy is None
    assert ece(bins) == pytest.approx((0.05 + 3 * abs(2.9 / 3 - 2 / 3)) / 4)


def test_weights_favour_the_score_that_separates() -> None:
    right = RNG.random(600) < 0.5
    scores = np.stack([RNG.normal(0, 1, 600), RNG.normal(0, 20, 600), 2.0 * right + RNG.normal(0, 1, 600)], 1)
    found = learn_weights([tuple(row) for row in scores.tolist()], right.tolist())  # type: ignore[misc]
    assert found.self_reflect > 5 * max(abs(found.draft), abs(found.self_contain))


@pytest.mark.parametrize("right", [[True] * 20, [False] * 20, [True, False]])
def test_too_few_or_one_sided_drafts_are_refused(right: list[bool]) -> None:
    with pytest.raises(InputError, match="nothing can be fitted; use more questions"):
        calibrate([0.0] * len(right), right)
    with pytest.raises(InputError, match="nothing can be fitted"):
        learn_weights([(0.0, 0.0, 0.0)] * len(right), right)
