"""Runs one visible speculative generation and, after it, timed repeats: speculative against plain decoding."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from engine.decoding.generation import Generation, whole
from engine.events import Compared, Event, Lane, Progressed
from engine.methods.run_events import block, finished, run_started, warnings
from engine.methods.speculative.config import SpeculativeConfig
from engine.runs.divergence import first_difference
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
    plan, comparison = _schedule(config.repeats), _Comparison(visible, rt)
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


class _Comparison:
    """Compares the visible text with the first plain one, and that with the others, which may differ by rounding."""

    def __init__(self, visible: Generation, rt: RunContext) -> None:
        self._visible, self._rt = visible, rt
        self._plain: Generation | None = None
        self._plain_divergence: int | None = None

    def take(self, plain: Generation) -> Iterator[Compared]:
        """Take a plain text; yields the comparison where it brings something new.

        The margin is the target's top-2 logit margin where the texts diverge."""
        first_plain = self._plain is None
        self._plain = self._plain or plain
        between = first_difference(plain.ids, self._plain.ids)
        if not first_plain and (between is None or between >= (self._plain_divergence or len(plain.ids) + 1)):
            return
        self._plain_divergence = between
        first, margins = first_difference(self._visible.ids, self._plain.ids), self._plain.margins
        margin = None if first is None or first >= len(margins) else math.log(margins[first])
        same = first is None or (between is not None and first >= between)
        yield Compared(same, first, margin, at_s=self._rt.elapsed_s(), plain_divergence=between)
