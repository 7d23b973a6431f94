"""Estimates of figures and their intervals, and what disturbed a measurement."""

import numpy as np
import pytest

from engine.statistics import UnitTime, disturbances


def lane(*ms: float, n_tokens: int = 10) -> list[UnitTime]:
    """One prompt with these repeats."""
    return [UnitTime(ms, n_tokens)]


def prompts(ms: "np.typing.ArrayLike", n_tokens: int = 10) -> list[UnitTime]:
    """One repeat each of several prompts."""
    return [UnitTime((float(value),), n_tokens) for value in np.asarray(ms)]


def test_a_quiet_measurement_has_no_disturbance() -> None:
    assert disturbances({"plain": lane(100, 101, 99, 100, 102), "drafter": lane(50, 51, 50, 49, 50)}) == ()
    assert disturbances({}) == ()
    assert disturbances({"plain": []}) == ()
    assert disturbances({"plain": lane(0.0, 0.0, 0.0, 0.0)}) == ()


def test_a_block_far_above_the_median_of_its_lane_is_named() -> None:
    (sentence,) = disturbances({"plain": lane(100, 101, 240, 100, 102), "drafter": lane(50, 51, 50, 49, 50)})
    assert "1 of 10 timed blocks" in sentence
    assert "plain: 2.4 times" in sentence


def test_a_text_on_which_the_drafter_is_bad_is_no_disturbance() -> None:
    rng = np.random.default_rng(1)
    drafted = 50 * np.exp(rng.normal(0, 0.4, 20))
    assert disturbances({"plain": prompts(100 + rng.normal(0, 1, 20)), "drafter": prompts(drafted)}) == ()


def test_a_disturbed_prompt_stands_out_of_a_lane_that_is_otherwise_even() -> None:
    plain = 100 + np.random.default_rng(1).normal(0, 1, 20)
    plain[7] = 190
    (sentence,) = disturbances({"plain": prompts(plain)})
    assert "1 of 20" in sentence


@pytest.mark.parametrize(("factor", "word"), [(1.25, "slower"), (0.8, "faster")])
def test_a_drift_between_the_halves_is_said(factor: float, word: str) -> None:
    rng = np.random.default_rng(2)
    course = np.where(np.arange(12) < 6, 100, 100 * factor) + rng.normal(0, 1, 12)
    (sentence,) = disturbances({"plain": prompts(course), "drafter": prompts(course / 2)})
    assert word in sentence
    assert ("25 %" if word == "slower" else "20 %") in sentence


def test_noise_alone_is_seldom_called_a_drift() -> None:
    rng = np.random.default_rng(3)
    said = sum(bool(disturbances({"plain": lane(*np.exp(rng.normal(4, 0.1, 10)))})) for _ in range(300))
    assert said <= 9
