"""Measures the speedup of a drafter: real speculative decoding against plain decoding in alternating blocks."""

from collections.abc import Iterator, Sequence
from itertools import chain
from statistics import fmean, median
from typing import NamedTuple

from engine import speed_model, statistics
from engine.events import Progressed
from engine.measuring import systems
from engine.measuring.systems import Call, System
from engine.models.loading import LoadedModel
from engine.statistics import Interval

_N_REPEATS = 5
_SHORTEST, _LONGEST = 8, 64
_WARM_UP = 8


class Payoff(NamedTuple):
    """Cost coefficient, predicted speedup, and measured speedup with its interval."""

    c: float | None
    predicted_speedup: float | None
    speedup: float
    speedup_ci: Interval | None


def measure(
    target: LoadedModel,
    drafter: LoadedModel,
    beginnings: Sequence[Sequence[int]],
    *,
    alpha: float,
    gamma: int,
    seconds: float,
) -> Iterator[Progressed | Payoff]:
    """Yield progress and, last, the payoff, in about `seconds`; the prediction is made from alpha."""
    plain = systems.ours(target, None, gamma=0, n_new=_WARM_UP)(beginnings[0])
    n_new = _block_length(target, plain, beginnings[0], seconds)
    slow = systems.ours(target, None, gamma=0, n_new=n_new)
    fast = systems.ours(target, systems.small_model_drafter(target, drafter), gamma=gamma, n_new=n_new)
    fast(beginnings[0])
    repeats: list[tuple[Call, Call]] = []
    for number in range(_N_REPEATS):
        repeats.append(_timed_repeat(slow, fast, beginnings[number % len(beginnings)], plain_first=number % 2 == 0))
        yield Progressed("measuring", number + 1, _N_REPEATS, "pairs")
    yield _payoff(repeats, alpha, gamma)


def _block_length(target: LoadedModel, plain: Call, beginning: Sequence[int], seconds: float) -> int:
    """New tokens per block, chosen so that all blocks together take about `seconds`."""
    affordable = int(1e3 * seconds / (2 * _N_REPEATS * max(1e-3, _per_token(plain))))
    return min(max(_SHORTEST, min(_LONGEST, affordable)), target.context - len(beginning))


def _timed_repeat(slow: System, fast: System, prompt: Sequence[int], *, plain_first: bool) -> tuple[Call, Call]:
    if plain_first:
        return slow(prompt), fast(prompt)
    second = fast(prompt)
    return slow(prompt), second


def _payoff(repeats: Sequence[tuple[Call, Call]], alpha: float, gamma: int) -> Payoff:
    ratios = [_per_token(plain) / _per_token(fast) for plain, fast in repeats]
    step_ms = fmean(_per_token(plain) for plain, _ in repeats)
    rounds = list(chain.from_iterable(fast.rounds for _, fast in repeats))
    n_drafted = sum(len(round_.proposed) for round_ in rounds)
    full_verify_ms = [round_.verify_ms for round_ in rounds if len(round_.proposed) == gamma]
    c = sum(round_.draft_ms for round_ in rounds) / n_drafted / step_ms if n_drafted else None
    verify_ratio = fmean(full_verify_ms) / step_ms if full_verify_ms else 1.0
    predicted = None if c is None else speed_model.predicted_speedup(alpha, gamma, c, verify_ratio=verify_ratio)
    return Payoff(c, predicted, median(ratios), statistics.median_interval(ratios))


def _per_token(call: Call) -> float:
    assert call.decode_ms is not None
    return call.decode_ms / len(call.ids)
