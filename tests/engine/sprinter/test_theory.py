"""What the theory predicts, against simulated runs."""

from random import Random

import pytest

from engine.events import GateConfusion, StepTimes
from engine.sprinter import theory

AT = GateConfusion(0.5, true_pass=0.6, false_pass=0.06, true_stop=0.14, false_stop=0.2)


def simulated(cap: int, n: int = 20_000) -> tuple[float, float]:
    """Mean length of a run, and how often its last token is accepted."""
    rng, lengths, accepted = Random(3), 0, 0
    for _ in range(n):
        for length in range(1, cap + 1):
            draw = rng.random()
            passes = draw < AT.rho
            if not passes or length == cap:
                of_all = rng.random() * ((AT.rho) if passes else (1 - AT.rho))
                accepted += of_all < (AT.true_pass if passes else AT.false_stop)
                lengths += length
                break
    return lengths / n, accepted / n


def test_rates_follow_from_the_shares() -> None:
    assert (AT.alpha, AT.rho) == (pytest.approx(0.8), pytest.approx(0.66))
    assert (AT.eta_fp, AT.eta_fn) == (pytest.approx(0.3), pytest.approx(0.25))
    assert theory.pass_rate(AT.alpha, AT.eta_fp, AT.eta_fn) == pytest.approx(AT.rho)


@pytest.mark.parametrize("cap", [1, 3, 20])
def test_predicted_runs_are_as_long_as_simulated_ones(cap: int) -> None:
    length, last = simulated(cap)
    predicted = theory.predicted(AT, cap=cap)
    assert predicted.drafts_per_call == pytest.approx(length, rel=0.03)
    assert predicted.tokens_per_call == pytest.approx(length + last, rel=0.03)
    assert predicted.tv == pytest.approx(0.3 * 0.2)


def test_a_gate_that_passes_everything_runs_to_the_cap() -> None:
    assert theory.drafts_per_call(1.0, 20) == 20
    assert theory.last_accepted(0.8, 1.0, 0.0, 20) == pytest.approx(0.8)


def test_latency_counts_every_step_once() -> None:
    predicted = theory.predicted(AT, cap=1, times=StepTimes(1.0, 10.0))
    assert predicted.ms_per_token == pytest.approx(11 / 1.8)


def test_shares_between_two_thresholds_lie_between_theirs() -> None:
    strict = GateConfusion(0.9, 0.2, 0.0, 0.2, 0.6)
    at = theory.confusion_at((AT, strict), 0.7)
    assert (at.threshold, at.true_pass) == (0.7, pytest.approx(0.4))
    assert at.alpha == pytest.approx(0.8)
    assert theory.confusion_at((AT, strict), 0.1) is AT
    assert theory.confusion_at((AT, strict), 1.0) is strict
