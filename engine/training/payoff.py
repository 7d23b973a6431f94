"""What a drafter is worth: real speculative decoding against plain decoding in alternating blocks; trains nothing."""

from collections.abc import Iterator, Sequence
from itertools import chain
from statistics import fmean, median
from typing import NamedTuple

from engine import speed_model
from engine.events import Progressed
from engine.measuring import systems
from engine.measuring.systems import Call, System
from engine.models.loading import LoadedModel
from engine.speed_model import Interval

_N_PAIRS = 5
_SHORTEST, _LONGEST = 8, 64
_WARM_UP = 8


class Payoff(NamedTuple):
    """Cost coefficient, and speedup as predicted and as measured."""

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
    """Yield progress and last the payoff, in about so many seconds; alpha is what the prediction is made from."""
    plain = systems.ours(target, None, gamma=0, n_new=_WARM_UP)(beginnings[0])
    n_new = _length(target, plain, beginnings[0], seconds)
    slow = systems.ours(target, None, gamma=0, n_new=n_new)
    fast = systems.ours(target, systems.small_model_drafter(target, drafter), gamma=gamma, n_new=n_new)
    fast(beginnings[0])
    pairs: list[tuple[Call, Call]] = []
    for number in range(_N_PAIRS):
        pairs.append(_pair(slow, fast, beginnings[number % len(beginnings)], plain_first=number % 2 == 0))
        yield Progressed("measuring", number + 1, _N_PAIRS, "pairs")
    yield _payoff(pairs, alpha, gamma)


def _length(target: LoadedModel, plain: Call, beginning: Sequence[int], seconds: float) -> int:
    """New tokens a block, so that all blocks take about so long."""
    affordable = int(1e3 * seconds / (2 * _N_PAIRS * max(1e-3, _per_token(plain))))
    return min(max(_SHORTEST, min(_LONGEST, affordable)), target.context - len(beginning))


def _pair(slow: System, fast: System, prompt: Sequence[int], *, plain_first: bool) -> tuple[Call, Call]:
    if plain_first:
        return slow(prompt), fast(prompt)
    second = fast(prompt)
    return slow(prompt), second


def _payoff(pairs: Sequence[tuple[Call, Call]], alpha: float, gamma: int) -> Payoff:
    ratios = [_per_token(plain) / _per_token(fast) for plain, fast in pairs]
    step_ms = fmean(_per_token(plain) for plain, _ in pairs)
    rounds = list(chain.from_iterable(fast.rounds for _, fast in pairs))
    drafted = sum(len(one.proposed) for one in rounds)
    full = [one.verify_ms for one in rounds if len(one.proposed) == gamma]
    c = sum(one.draft_ms for one in rounds) / drafted / step_ms if drafted else None
    wider = fmean(full) / step_ms if full else 1.0
    predicted = None if c is None else speed_model.predicted_speedup(alpha, gamma, c, verify_ratio=wider)
    return Payoff(c, predicted, median(ratios), speed_model.median_interval(ratios))


def _per_token(call: Call) -> float:
    assert call.decode_ms is not None
    return call.decode_ms / len(call.ids)
