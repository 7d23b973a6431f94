"""Runs one visible speculative generation and, after it, timed repeats: speculative against plain decoding."""

import math
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

import msgspec

from engine.decoding.generation import Generation, whole
from engine.events import Compared, Event, Lane, Progressed
from engine.methods.run_events import block, finished, run_started
from engine.methods.speculative.config import SpeculativeConfig
from engine.runtime import RunContext
from engine.settings import Request

_N_WARM_UP = 12


class _TimedBlock(NamedTuple):
    lane: Lane
    repeat: int


def run(config: msgspec.Struct, request: Request, rt: RunContext) -> Iterator[Event]:
    """Yield the run's events: start, prefill, rounds, timed blocks, the check against plain decoding, end."""
    assert isinstance(config, SpeculativeConfig)
    ids = rt.prompt_ids(request)
    yield run_started("speculative", config, request, ids, rt)
    _warm_up(config, ids, rt)
    visible = yield from rt.generate(config, ids, gamma=config.gamma)
    yield block("speculative", 0, visible, rt, paired=False)
    if config.baseline:
        yield from _blocks(config, ids, rt, visible)
    yield finished(visible, rt)


def _warm_up(config: SpeculativeConfig, ids: tuple[int, ...], rt: RunContext) -> None:
    """Generate a little before timing: first calls allocate, compile and capture, which is not time per token."""
    short = msgspec.structs.replace(config, max_new_tokens=min(_N_WARM_UP, config.max_new_tokens))
    for gamma in (config.gamma, 0):
        rt.prepare(config, ids, gamma=gamma)
        _generate_silently(short, ids[-64:], rt, gamma)


def _blocks(config: SpeculativeConfig, ids: tuple[int, ...], rt: RunContext, visible: Generation) -> Iterator[Event]:
    """The repeats, in the order A B B A A B ...; not the visible run, whose time includes the cost of showing it."""
    plan = _schedule(config.repeats)
    for n_done, timed in enumerate(plan):
        generation = _generate_silently(config, ids, rt, config.gamma if timed.lane == "speculative" else 0)
        yield block(timed.lane, timed.repeat, generation, rt)
        yield Progressed("measuring", n_done + 1, len(plan), "blocks")
        if n_done == 0 and config.temperature == 0:
            yield _compare(visible, generation, rt)


def _schedule(n_repeats: int) -> list[_TimedBlock]:
    plain_first: tuple[Lane, Lane] = ("plain", "speculative")
    orders = (plain_first[::-1] if repeat % 2 else plain_first for repeat in range(n_repeats))
    return [_TimedBlock(lane, repeat) for repeat, order in enumerate(orders) for lane in order]


def _generate_silently(config: SpeculativeConfig, ids: tuple[int, ...], rt: RunContext, gamma: int) -> Generation:
    return whole(rt.generate(config, ids, gamma=gamma))[1]


def _compare(visible: Generation, plain: Generation, rt: RunContext) -> Compared:
    """Token equality with plain decoding; the margin is the target's top-2 logit margin where they diverge."""
    pairs = enumerate(zip_longest(visible.ids, plain.ids))
    first = next((i for i, (visible_id, plain_id) in pairs if visible_id != plain_id), None)
    margin = None if first is None or first >= len(plain.margins) else math.log(plain.margins[first])
    return Compared(first is None, first, margin, at_s=rt.elapsed_s())
