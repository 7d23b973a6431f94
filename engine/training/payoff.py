"""Measures the speedup of a drafter: real speculative decoding against plain decoding in alternating blocks."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from statistics import fmean
from threading import Event as Flag
from typing import NamedTuple

from engine import speed_model, statistics
from engine.decoding.drafting import Drafter
from engine.events import Progressed
from engine.measuring import systems
from engine.measuring.systems import Call, System
from engine.models.loading import LoadedModel
from engine.statistics import FEWEST_FOR_INTERVAL, RatioEstimate, UnitTime

# As many as an interval needs.
_N_REPEATS = FEWEST_FOR_INTERVAL
_SHORTEST, _LONGEST = 8, 64
_WARM_UP = 8


class Payoff(NamedTuple):
    """Cost coefficient, predicted speedup (None where no full draft was verified), measured speedup, and τ."""

    c: RatioEstimate | None
    predicted_speedup: float | None
    speedup: RatioEstimate
    tau: float | None = None


def measure(
    target: LoadedModel,
    drafter: Drafter,
    beginnings: Sequence[Sequence[int]],
    *,
    alpha: float,
    gamma: int,
    seconds: float,
    cancelled: Flag | None = None,
) -> Iterator[Progressed | Payoff]:
    """Yield progress and, last, the payoff, in about `seconds`; the prediction is made from alpha.

    Raises Cancelled soon after `cancelled` is set."""
    plain = systems.ours(target, None, gamma=0, n_new=_WARM_UP, cancelled=cancelled)(beginnings[0])
    n_new = _block_length(target, plain, beginnings[0], seconds)
    slow = systems.ours(target, None, gamma=0, n_new=n_new, cancelled=cancelled)
    fast = systems.ours(target, drafter, gamma=gamma, n_new=n_new, cancelled=cancelled)
    fast(beginnings[0])
    texts: list[list[tuple[Call, Call]]] = [[] for _ in beginnings[:_N_REPEATS]]
    for number in range(_N_REPEATS):
        place = number % len(texts)
        texts[place].append(_timed_repeat(slow, fast, beginnings[place], plain_first=number % 2 == 0))
        yield Progressed("measuring", number + 1, _N_REPEATS, "repeats")
    yield _payoff(texts, alpha, gamma)


def _block_length(target: LoadedModel, plain: Call, beginning: Sequence[int], seconds: float) -> int:
    """New tokens per block, chosen so that all blocks together take about `seconds`."""
    affordable = int(1e3 * seconds / (2 * _N_REPEATS * max(1e-3, _per_token(plain))))
    return min(max(_SHORTEST, min(_LONGEST, affordable)), target.context - len(beginning))


def _timed_repeat(slow: System, fast: System, prompt: Sequence[int], *, plain_first: bool) -> tuple[Call, Call]:
    if plain_first:
        return slow(prompt), fast(prompt)
    second = fast(prompt)
    return slow(prompt), second


def _payoff(texts: Sequence[Sequence[tuple[Call, Call]]], alpha: float, gamma: int) -> Payoff:
    plain, fast = ([[repeat[lane] for repeat in text] for text in texts] for lane in (0, 1))
    speedup = statistics.speedup(*([_unit(calls) for calls in lane] for lane in (plain, fast)))
    step_ms, verify_ms = (_mean(call.target_step_ms for call in chain(*lane)) for lane in (plain, fast))
    c, tau = _cost(plain, fast), _tau([*chain(*fast)])
    if c is None or not step_ms or verify_ms is None:
        return Payoff(c, None, speedup, tau)
    ratio = verify_ms / step_ms
    return Payoff(c, speed_model.predicted_speedup(alpha, gamma, c.value, verify_ratio=ratio), speedup, tau)


def _tau(calls: Sequence[Call]) -> float | None:
    """Tokens per round; None where no round was recorded."""
    n_rounds = sum(len(call.rounds) for call in calls)
    return sum(len(call.ids) for call in calls) / n_rounds if n_rounds else None


def _cost(plain: Sequence[Sequence[Call]], fast: Sequence[Sequence[Call]]) -> RatioEstimate | None:
    """A drafter step over a target step, over texts or repeats as the speedup is; None where none was measured."""
    steps = [
        (tuple(call.draft_step_ms for call in drafted), tuple(call.target_step_ms for call in alone))
        for drafted, alone in zip(fast, plain, strict=True)
    ]
    units = [tuple(UnitTime(tuple(filter(None, times)), 1) for times in text) for text in steps]
    measured = [(drafter, target) for drafter, target in units if drafter.ms and target.ms]
    if not measured:
        return None
    return statistics.speedup([drafter for drafter, _ in measured], [target for _, target in measured])


def _unit(calls: Sequence[Call]) -> UnitTime:
    """The repeats of one text."""
    return UnitTime(tuple(_decode_ms(call) for call in calls), len(calls[0].ids))


def _mean(times: Iterable[float | None]) -> float | None:
    """The mean of the times that were measured."""
    known = [ms for ms in times if ms is not None]
    return fmean(known) if known else None


def _decode_ms(call: Call) -> float:
    assert call.decode_ms is not None
    return call.decode_ms


def _per_token(call: Call) -> float:
    return _decode_ms(call) / len(call.ids)
