import random
from itertools import pairwise

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
