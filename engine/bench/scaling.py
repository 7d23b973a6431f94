"""Time per token against context and against draft length, with the formula's prediction beside what was measured."""

import time
from collections.abc import Generator, Iterator, Sequence
from statistics import median
from typing import NamedTuple

import msgspec
import torch
from msgspec import UNSET, UnsetType

from engine import machine, speed_model
from engine.bench import blocks, limits, systems
from engine.bench.batch import BatchMeasured, measure_batch
from engine.bench.blocks import Calls, Middle, Prompts, middle
from engine.bench.matrix import PLAIN, SPECULATIVE, THEIR_PLAIN, asked_prompts
from engine.bench.systems import Call, System
from engine.events import Event, Progressed, RuntimeName
from engine.models import Pair
from engine.speed_model import Interval

CONTEXTS = 64, 128, 256, 512


class Scales(NamedTuple):
    """What to measure: prompt lengths and batches at one draft length, draft lengths at the first prompt length."""

    contexts: tuple[int, ...]
    gammas: tuple[int, ...]
    batches: tuple[int, ...]
    gamma: int
    n_new: int
    n_blocks: int


class ContextPoint(msgspec.Struct, frozen=True):
    """One prompt length; n_prompt: what of it there was room for. Times of decoding alone, the prompt's apart.

    plain_ratio: transformers' plain decoding over ours. predicted_ms: what our plain step cannot undercut, see `limit`
    of the whole; fraction_of_limit: that over what was measured. tau and speedup of the whole's gamma."""

    context: int
    n_prompt: int
    ms_per_token: dict[str, Middle]
    prefill_ms: dict[str, Middle]
    plain_ratio: Middle
    speedup: Middle
    alpha: float
    alpha_ci: Interval | None
    tau: float
    predicted_ms: float | None
    fraction_of_limit: float | None


class GammaPoint(msgspec.Struct, frozen=True):
    """One draft length. c: drafter step over target step; verify_ratio: t(gamma + 1) / t(1), both as measured.

    predicted_speedup: of those and alpha by the formula; speedup: as measured, over plain decoding beside it."""

    gamma: int
    ms_per_token: Middle
    alpha: float
    alpha_ci: Interval | None
    tau: float
    c: float | None
    verify_ratio: float | None
    predicted_speedup: float | None
    speedup: Middle


class ScalingBench(msgspec.Struct, frozen=True):
    """What was measured: medians over blocks with intervals; every block ran on all systems, interleaved."""

    contexts: tuple[ContextPoint, ...]
    gammas: tuple[GammaPoint, ...]
    gamma: int
    gamma_context: int
    plain_ms_per_token: Middle
    n_blocks: int
    max_new_tokens: int
    limit: str
    device: str
    dtype: str
    n_threads: int
    runtime: RuntimeName
    drafter_runtime: RuntimeName
    processor: str
    versions: dict[str, str]
    measured_utc: str
    seconds: float
    workload: str = "held-out prose of the built-in world, greedy, end-of-text off, batch 1"
    batches: tuple[BatchMeasured, ...] = ()
    timing_pair: str | UnsetType = UNSET


def bench(pair: Pair, scales: Scales) -> Iterator[Event | ScalingBench]:
    """Yield progress, and last the result. Raises InputError where a context has no room."""
    started = time.perf_counter()
    target, small = pair.target, pair.drafter
    assert small is not None
    asked = {
        context: asked_prompts(pair, context, n_new=scales.n_new, n_prompts=scales.n_blocks)
        for context in scales.contexts
    }
    floor = limits.Floor.on(target)
    contexts = []
    for i, context in enumerate(scales.contexts):
        contexts.append((yield from _context_point(pair, context, asked[context], scales, floor)))
        yield Progressed("measuring", i + 1, len(scales.contexts), "contexts")
    batches = []
    for i, batch in enumerate(scales.batches):
        batches.append(
            measure_batch(pair, batch=batch, gamma=scales.gamma, n_new=scales.n_new, n_blocks=scales.n_blocks)
        )
        yield Progressed("measuring", i + 1, len(scales.batches), "batch sizes")
    calls = yield from _drafted(pair, asked[scales.contexts[0]], scales)
    yield ScalingBench(
        contexts=tuple(contexts),
        gammas=tuple(_gamma_point(gamma, calls[_named(gamma)], calls[PLAIN]) for gamma in scales.gammas),
        gamma=scales.gamma,
        gamma_context=scales.contexts[0],
        plain_ms_per_token=middle([blocks.decode_ms(call) for call in calls[PLAIN]]),
        n_blocks=scales.n_blocks,
        max_new_tokens=scales.n_new,
        limit=floor.kind,
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        n_threads=torch.get_num_threads(),
        runtime=target.runtime,
        drafter_runtime=small.runtime,
        processor=machine.processor(),
        versions=dict(machine.versions()),
        measured_utc=machine.now_utc(),
        seconds=time.perf_counter() - started,
        batches=tuple(batches),
        timing_pair=target.note or UNSET,
    )


def _ours(pair: Pair, gamma: int, n_new: int) -> System:
    """Our decoding at a draft length, 0 being plain."""
    assert pair.drafter is not None
    drafter = systems.small_model_drafter(pair.target, pair.drafter) if gamma else None
    return systems.ours(pair.target, drafter, gamma=gamma, n_new=n_new)


def _context_point(
    pair: Pair, context: int, asked: Prompts, scales: Scales, floor: limits.Floor
) -> Generator[Event, None, ContextPoint]:
    made = {
        PLAIN: _ours(pair, 0, scales.n_new),
        SPECULATIVE: _ours(pair, scales.gamma, scales.n_new),
        THEIR_PLAIN: systems.transformers_generate(pair.target.model, None, gamma=0, n_new=scales.n_new, marked=True),
    }
    for system in made.values():
        system(asked[0])
    n_prompt = len(asked[0])
    least: list[float | None] = []
    calls = yield from blocks.interleave(made, asked, lambda: least.append(floor.step_ms(n_prompt + scales.n_new // 2)))
    alpha, alpha_ci = blocks.alpha(calls[SPECULATIVE])
    steps = [blocks.decode_ms(call) for call in calls[PLAIN]]
    shares = [ms / step for ms, step in zip(least, steps, strict=True) if ms is not None]
    return ContextPoint(
        context=context,
        n_prompt=n_prompt,
        ms_per_token={name: middle([blocks.decode_ms(call) for call in made_by]) for name, made_by in calls.items()},
        prefill_ms={name: middle([_prefill_ms(call) for call in made_by]) for name, made_by in calls.items()},
        plain_ratio=middle(blocks.decode_ratios(calls[THEIR_PLAIN], calls[PLAIN])),
        speedup=middle(blocks.decode_ratios(calls[PLAIN], calls[SPECULATIVE])),
        alpha=alpha,
        alpha_ci=alpha_ci,
        tau=blocks.tau(calls[SPECULATIVE]),
        predicted_ms=median(ms for ms in least if ms is not None) if shares else None,
        fraction_of_limit=median(shares) if shares else None,
    )


def _prefill_ms(call: Call) -> float:
    """Of a call that does not state it: what decoding all ids but the first, which the prompt gives, leaves over."""
    if call.prefill_ms is not None:
        return call.prefill_ms
    return call.wall_ms - blocks.decode_ms(call) * (len(call.ids) - 1)


def _drafted(pair: Pair, asked: Prompts, scales: Scales) -> Generator[Event, None, Calls]:
    """Plain decoding and every draft length on the same prompts."""
    made = {PLAIN: _ours(pair, 0, scales.n_new)}
    made |= {_named(gamma): _ours(pair, gamma, scales.n_new) for gamma in scales.gammas}
    for system in made.values():
        system(asked[0])
    return (yield from blocks.interleave(made, asked))


def _named(gamma: int) -> str:
    return f"gamma_{gamma}"


def _gamma_point(gamma: int, drafted: Sequence[Call], plain: Sequence[Call]) -> GammaPoint:
    alpha, alpha_ci = blocks.alpha(drafted)
    pairs = list(zip(drafted, plain, strict=True))
    c = _middle_ratio([(call.draft_step_ms, beside.target_step_ms) for call, beside in pairs])
    wider = _middle_ratio([(call.target_step_ms, beside.target_step_ms) for call, beside in pairs])
    return GammaPoint(
        gamma=gamma,
        ms_per_token=middle([blocks.decode_ms(call) for call in drafted]),
        alpha=alpha,
        alpha_ci=alpha_ci,
        tau=blocks.tau(drafted),
        c=c,
        verify_ratio=wider,
        predicted_speedup=None
        if c is None or wider is None
        else speed_model.predicted_speedup(alpha, gamma, c, verify_ratio=wider),
        speedup=middle(blocks.decode_ratios(plain, drafted)),
    )


def _middle_ratio(pairs: Sequence[tuple[float | None, float | None]]) -> float | None:
    """The median ratio over blocks that have both times: a text shorter than a round has no full draft."""
    ratios = [a / b for a, b in pairs if a is not None and b is not None]
    return median(ratios) if ratios else None
