"""Runs one visible speculative generation and, after it, timed repeats: speculative against plain decoding."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from engine.decoding.generation import Generation, whole
from engine.events import Event, Lane, Progressed
from engine.methods.run_events import block, finished, run_started, warnings
from engine.methods.speculative.config import SpeculativeConfig
from engine.methods.text_comparison import TextComparison
from engine.runtime import RunContext
from engine.settings import Request

_N_WARM_UP = 12


class _TimedBlock(NamedTuple):
    lane: Lane
    repeat: int


def run(config: msgspec.Struct, request: Request, rt: RunContext) -> Iterator[Event]:
    """Yield the run's events: start, prefill, rounds, timed blocks, the check against plain decoding, end."""
    assert isinstance(config, SpeculativeConfig)
    prompt = rt.asked(request, config)
    ids = prompt.ids
    rt.refuse_unfit_tree(config.widths)
    yield run_started("speculative", config, request, prompt, rt)
    yield from warnings(prompt, config, rt)
    _warm_up(config, ids, rt)
    visible = yield from rt.generate(config, ids, gamma=config.depth, widths=config.widths)
    yield block("speculative", 0, visible, rt, paired=False)
    if config.baseline:
        yield from _blocks(config, ids, rt, visible)
    yield finished(visible, rt)


def _warm_up(config: SpeculativeConfig, ids: tuple[int, ...], rt: RunContext) -> None:
    """Generate a little before timing: first calls allocate, compile and capture, which is not time per token.

    Not before a run that is shorter than that and has no timed blocks, as thousands are for a proof."""
    if not config.baseline and config.max_new_tokens < _N_WARM_UP:
        return
    short = msgspec.structs.replace(config, max_new_tokens=min(_N_WARM_UP, config.max_new_tokens))
    for gamma in (config.depth, 0) if config.baseline else (config.depth,):
        rt.prepare(config, ids, gamma=gamma, widths=config.widths)
        _generate_silently(short, ids[-64:], rt, gamma)


def _blocks(config: SpeculativeConfig, ids: tuple[int, ...], rt: RunContext, visible: Generation) -> Iterator[Event]:
    """The repeats, in the order A B B A A B ...; not the visible run, whose time includes the cost of showing it."""
    plan, comparison = _schedule(config.repeats), TextComparison(visible, rt)
    for n_done, timed in enumerate(plan):
        generation = _generate_silently(config, ids, rt, config.depth if timed.lane == "speculative" else 0)
        yield block(timed.lane, timed.repeat, generation, rt)
        yield Progressed("measuring", n_done + 1, len(plan), "blocks")
        if timed.lane == "plain" and config.temperature == 0:
            yield from comparison.take(generation)


def _schedule(n_repeats: int) -> list[_TimedBlock]:
    plain_first: tuple[Lane, Lane] = ("plain", "speculative")
    orders = (plain_first[::-1] if repeat % 2 else plain_first for repeat in range(n_repeats))
    return [_TimedBlock(lane, repeat) for repeat, order in enumerate(orders) for lane in order]


def _generate_silently(config: SpeculativeConfig, ids: tuple[int, ...], rt: RunContext, gamma: int) -> Generation:
    return whole(rt.generate(config, ids, gamma=gamma, widths=config.widths if gamma else ()))[1]
