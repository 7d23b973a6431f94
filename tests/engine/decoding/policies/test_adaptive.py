import random
from itertools import pairwise

import pytest

from engine.decoding.policies.adaptive import AdaptiveLength
from engine.decoding.policies.best_speedup import BestSpeedup
from engine.decoding.policies.policy import ladder
from engine.decoding.policies.round_times import RoundTimes
from tests.engine.decoding.policies.rounds import drafted

_VERIFY, _DRAFT = 0.05, 0.15


def cost(gamma: int) -> float:
    """Milliseconds of a round; plain decoding takes 1."""
    return 1.0 + gamma * (_VERIFY + _DRAFT) if gamma else 1.0


def policy(gamma: int, *lengths: int) -> AdaptiveLength:
    times = RoundTimes()
    for n in (0, *ladder(16)):
        times.calibrate(n, cost(n))
    return AdaptiveLength(gamma, BestSpeedup(lengths or ladder(16, gamma), times))


def ms_per_token(policy: AdaptiveLength, alphas: list[float], *, seed: int = 0) -> float:
    """Decode a text whose tokens the drafter gets right with these probabilities."""
    rng, at, total = random.Random(seed), 0, 0.0
    while at < len(alphas):
        gamma, settled, n = policy.gamma, policy.settled, 0
        while n < gamma and at + n < len(alphas) and rng.random() < alphas[at + n]:
            n += 1
        at += n + 1
        total += cost(gamma)
        decision = policy.observe(drafted(gamma, n, ms=cost(gamma)))
        assert not (settled and decision), "a settled length does not change after the next round"
        assert policy.gamma in policy.lengths
    return total / at


class Always(AdaptiveLength):
    """A fixed length, to compare with."""

    def observe(self, facts: object) -> None:  # type: ignore[override]
        """Decide nothing."""


def best_fixed(alphas: list[float]) -> float:
    return min(ms_per_token(Always(n, BestSpeedup((n,), RoundTimes())), alphas) for n in ladder(16))


def test_it_is_nearly_as_fast_as_the_best_length_whatever_the_acceptance() -> None:
    for alpha in (0.5, 0.7, 0.9):
        alphas = [alpha] * 2000
        assert ms_per_token(policy(4), alphas) < 1.03 * best_fixed(alphas), alpha


def test_a_drafter_that_is_never_right_costs_next_to_nothing() -> None:
    for n in (128, 512, 4000):
        assert ms_per_token(policy(4), [0.02] * n) < (1.05 if n == 128 else 1.03), n
        assert ms_per_token(policy(4, 4), [0.02] * n) < 1.05, n


def plain_rounds_lost(chosen: AdaptiveLength, n: int, *, catching_up: float) -> list[float]:
    """Decode n tokens with a drafter that is never right, and that reads each token decoded without it in so many
    milliseconds; returns what each round took beyond one of plain decoding."""
    lost, n_missed = [], 0
    for _ in range(n):
        gamma = chosen.gamma
        ms = cost(gamma) + (catching_up * n_missed if gamma else 0.0)
        n_missed = 0 if gamma else n_missed + 1
        chosen.observe(drafted(gamma, 0, ms=ms))
        lost.append(ms - 1.0)
    return lost


def test_a_drafter_that_reads_slowly_is_not_asked_again_and_again() -> None:
    for n in (128, 400, 4000):
        lost = plain_rounds_lost(policy(4, 4), n, catching_up=0.07)
        assert sum(lost) < 0.05 * n and sum(lost[32:]) < 0.03 * (n - 32), n
    quick = plain_rounds_lost(policy(4, 4), 4000, catching_up=0.002)
    assert 0 < sum(quick[32:]) < 0.03 * 4000, "one that reads quickly is asked again"


def test_after_a_text_that_drafting_did_not_pay_for_the_next_begins_with_a_probe() -> None:
    times = RoundTimes()
    for n in (0, 1, 2, 4):
        times.calibrate(n, cost(n))
    first = AdaptiveLength(4, BestSpeedup((4,), times))
    assert first.begin() is None and first.gamma == 4
    for _ in range(40):
        first.observe(drafted(first.gamma, 0, ms=cost(first.gamma)))
    second = AdaptiveLength(4, BestSpeedup((4,), times))
    opening = second.begin()
    assert opening is not None and (opening.gamma, opening.reason, second.gamma) == (1, "did_not_pay", 1)
    taken = [second.observe(drafted(second.gamma, second.gamma, ms=cost(second.gamma))) for _ in range(6)]
    assert second.gamma == 4 and [d.reason for d in taken if d is not None][-1] == "pays"


def test_a_round_that_its_drafter_caught_up_in_tells_nothing_of_its_length() -> None:
    times = RoundTimes()
    for n in (0, 1, 2, 4):
        times.calibrate(n, cost(n))
    chosen = AdaptiveLength(4, BestSpeedup((4,), times))
    plain_rounds_lost(chosen, 40, catching_up=0.5)
    assert times.ms(1) == pytest.approx(cost(1), rel=0.01)
    assert times.catching_up_ms == pytest.approx(0.5, rel=0.01)


def test_after_a_bad_stretch_drafting_begins_again() -> None:
    alphas = [0.02] * 300 + [0.9] * 3000
    chosen = policy(4)
    assert ms_per_token(chosen, alphas) < 0.6
    assert chosen.gamma > 4


def test_probes_wait_longer_each_time() -> None:
    chosen, probes = policy(4), list[int]()
    for i in range(1500):
        decision = chosen.observe(drafted(chosen.gamma, 0, ms=cost(chosen.gamma)))
        if decision is not None and decision.reason == "probe":
            probes.append(i)
    gaps = [second - first for first, second in pairwise(probes)]
    assert gaps == sorted(gaps) and gaps[0] > 24 and len(probes) < 9


def test_without_times_plain_decoding_is_timed_in_the_second_round() -> None:
    chosen = AdaptiveLength(4, BestSpeedup(ladder(16), RoundTimes()))
    first = chosen.observe(drafted(4, 2, ms=cost(4)))
    assert first is not None and (first.gamma, first.reason) == (0, "timing")
    second = chosen.observe(drafted(0, 0, ms=cost(0)))
    assert second is not None and (second.gamma, second.reason) == (4, "timing")


def test_fallback_knows_one_length_plain_decoding_and_probes() -> None:
    assert policy(6, 6).lengths == (0, 1, 2, 4, 6)
