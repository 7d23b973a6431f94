"""Measures time per token against context and against draft length, beside the formula's prediction."""

import time
from collections.abc import Generator, Iterator, Sequence
from statistics import median
from threading import Event as Flag
from typing import NamedTuple

import msgspec
import torch
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from engine import speed_model, statistics
from engine.events import Event, RuntimeName
from engine.events.scaling import (
    PLAIN,
    SPECULATIVE,
    THEIR_PLAIN,
    BatchMeasured,
    ContextPoint,
    GammaPoint,
    ScalingMeasured,
)
from engine.machine import versions as machine
from engine.measuring import blocks, limits, systems
from engine.measuring.batch import measure_batch
from engine.measuring.blocks import Calls, Prompts
from engine.measuring.matrix import asked_prompts
from engine.measuring.systems import Call, System
from engine.measuring.whole_count import WholeCount
from engine.models.loading import Pair
from engine.runtime import Cancelled
from engine.statistics import RatioEstimate

# Ours with and without a drafter, and at each prompt length transformers' own.
_N_BY_CONTEXT, _N_BY_BATCH = 3, 2


class Scales(NamedTuple):
    """What to measure: prompt lengths and batches at one draft length, draft lengths at the first prompt length."""

    contexts: tuple[int, ...]
    gammas: tuple[int, ...]
    batches: tuple[int, ...]
    gamma: int
    n_new: int
    n_blocks: int


class ScalingBench(msgspec.Struct, frozen=True):
    """Figures over blocks, a prompt each, with intervals; every block ran on all systems, interleaved."""

    contexts: tuple[ContextPoint, ...]
    gammas: tuple[GammaPoint, ...]
    gamma: int
    gamma_context: int
    plain_ms_per_token: RatioEstimate
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
    target: str
    drafter: str
    workload: str = "held-out prose of the built-in world, greedy, end-of-text off, batch 1"
    batches: tuple[BatchMeasured, ...] = ()
    timing_pair: str | UnsetType = UNSET


def bench(pair: Pair, scales: Scales, cancelled: Flag | None = None) -> Iterator[Event | ScalingBench]:
    """Yield progress, the measurement so far after every point, and last the result.

    Raises InputError where a context does not fit, Cancelled soon after `cancelled` is set."""
    started = time.perf_counter()
    target = pair.target
    work = _Work(pair, scales, Flag() if cancelled is None else cancelled)
    prompts_by_context = {
        context: asked_prompts(pair, context, n_new=scales.n_new, n_prompts=scales.n_blocks)
        for context in scales.contexts
    }
    floor = limits.Floor.on(target)
    so_far = _empty_measurement(pair, scales)
    whole = WholeCount(_n_blocks(scales))
    for context in scales.contexts:
        point = yield from whole.part(
            _context_point(work, context, prompts_by_context[context], floor), n_per_unit=_N_BY_CONTEXT
        )
        so_far = replace(so_far, contexts=(*so_far.contexts, point))
        yield so_far
    for batch in scales.batches:
        so_far = replace(so_far, batches=(*so_far.batches, _batch_point(work, batch)))
        yield from (so_far, whole.add(_N_BY_BATCH * scales.n_blocks))
    by_gamma = _calls_by_gamma(work, prompts_by_context[scales.contexts[0]])
    calls = yield from whole.part(by_gamma, n_per_unit=1 + len(scales.gammas))
    final = replace(
        so_far,
        gammas=tuple(_gamma_point(gamma, calls[_gamma_name(gamma)], calls[PLAIN]) for gamma in scales.gammas),
        plain_ms_per_token=statistics.time_estimate(blocks.decoding(calls[PLAIN])),
        complete=True,
    )
    yield final
    yield _summary(pair, final, floor.kind, time.perf_counter() - started)


def _n_blocks(scales: Scales) -> int:
    """The timed blocks of all parts together."""
    n_parts = _N_BY_CONTEXT * len(scales.contexts) + _N_BY_BATCH * len(scales.batches) + 1 + len(scales.gammas)
    return n_parts * scales.n_blocks


class _Work(NamedTuple):
    """What every part of the measurement needs."""

    pair: Pair
    scales: Scales
    cancelled: Flag

    def checkpoint(self) -> None:
        """Raises Cancelled where the user asked to stop."""
        if self.cancelled.is_set():
            raise Cancelled


def _empty_measurement(pair: Pair, scales: Scales) -> ScalingMeasured:
    """The measurement before its first point."""
    target, small = pair.target, pair.drafter
    assert small is not None
    return ScalingMeasured(
        gamma=scales.gamma,
        max_new_tokens=scales.n_new,
        n_blocks=scales.n_blocks,
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        gamma_context=scales.contexts[0],
        target=target.spec,
        drafter=small.spec,
        processor=machine.processor(target.device),
        measured_utc=machine.now_utc(),
        timing_pair=target.note,
        complete=False,
    )


def _summary(pair: Pair, final: ScalingMeasured, limit: str, seconds: float) -> ScalingBench:
    target, small = pair.target, pair.drafter
    assert small is not None
    assert final.plain_ms_per_token is not None
    assert final.gamma_context is not None
    return ScalingBench(
        contexts=final.contexts,
        gammas=final.gammas,
        gamma=final.gamma,
        gamma_context=final.gamma_context,
        plain_ms_per_token=final.plain_ms_per_token,
        n_blocks=final.n_blocks,
        max_new_tokens=final.max_new_tokens,
        limit=limit,
        device=final.device,
        dtype=final.dtype,
        n_threads=torch.get_num_threads(),
        runtime=target.runtime,
        drafter_runtime=small.runtime,
        processor=final.processor,
        versions=dict(machine.versions()),
        measured_utc=final.measured_utc,
        seconds=seconds,
        target=final.target,
        drafter=final.drafter,
        batches=final.batches,
        timing_pair=final.timing_pair or UNSET,
    )


def _ours(work: _Work, gamma: int) -> System:
    """Our decoder at a draft length; 0 is plain decoding."""
    target, small = work.pair
    assert small is not None
    drafter = systems.small_model_drafter(target, small) if gamma else None
    return systems.ours(target, drafter, gamma=gamma, n_new=work.scales.n_new, cancelled=work.cancelled)


def _batch_point(work: _Work, batch: int) -> BatchMeasured:
    gamma, n_new, n_blocks = work.scales.gamma, work.scales.n_new, work.scales.n_blocks
    return measure_batch(
        work.pair, batch=batch, gamma=gamma, n_new=n_new, n_blocks=n_blocks, checkpoint=work.checkpoint
    )


def _context_point(
    work: _Work, context: int, prompts: Prompts, floor: limits.Floor
) -> Generator[Event, None, ContextPoint]:
    target, n_new = work.pair.target, work.scales.n_new
    decoders = {
        PLAIN: _ours(work, 0),
        SPECULATIVE: _ours(work, work.scales.gamma),
        THEIR_PLAIN: systems.transformers_generate(
            target.model, None, gamma=0, n_new=n_new, marked=True, cancelled=work.cancelled
        ),
    }
    for decoder in decoders.values():
        decoder(prompts[0])
    n_prompt = len(prompts[0])
    floors_ms: list[float | None] = []
    calls = yield from blocks.interleave(
        decoders, prompts, lambda: floors_ms.append(floor.step_ms(n_prompt + n_new // 2))
    )
    alpha, alpha_ci = blocks.alpha(calls[SPECULATIVE])
    times = {name: blocks.decoding(system_calls) for name, system_calls in calls.items()}
    known_ms = [ms for ms in floors_ms if ms is not None]
    predicted_ms = median(known_ms) if known_ms else None
    return ContextPoint(
        context=context,
        n_prompt=n_prompt,
        ms_per_token={name: statistics.time_estimate(units) for name, units in times.items()},
        prefill_ms={
            name: statistics.median_estimate([_prefill_ms(call) for call in system_calls])
            for name, system_calls in calls.items()
        },
        plain_ratio=statistics.speedup(times[THEIR_PLAIN], times[PLAIN]),
        speedup=statistics.speedup(times[PLAIN], times[SPECULATIVE]),
        alpha=alpha,
        alpha_ci=alpha_ci,
        tau=blocks.tau(calls[SPECULATIVE]),
        predicted_ms=predicted_ms,
        fraction_of_limit=None if predicted_ms is None else predicted_ms / statistics.ms_per_token(times[PLAIN]),
    )


def _prefill_ms(call: Call) -> float:
    """Prefill time; where a call states none, wall time less decoding all ids but the first, which prefill gives."""
    if call.prefill_ms is not None:
        return call.prefill_ms
    return call.wall_ms - blocks.decode_ms(call) * (len(call.ids) - 1)


def _calls_by_gamma(work: _Work, prompts: Prompts) -> Generator[Event, None, Calls]:
    """Run plain decoding and every draft length on the same prompts."""
    decoders = {PLAIN: _ours(work, 0)}
    decoders |= {_gamma_name(gamma): _ours(work, gamma) for gamma in work.scales.gammas}
    for decoder in decoders.values():
        decoder(prompts[0])
    return (yield from blocks.interleave(decoders, prompts))


def _gamma_name(gamma: int) -> str:
    return f"gamma_{gamma}"


def _gamma_point(gamma: int, drafted: Sequence[Call], plain: Sequence[Call]) -> GammaPoint:
    alpha, alpha_ci = blocks.alpha(drafted)
    repeats = list(zip(drafted, plain, strict=True))
    c = _middle_ratio([(call.draft_step_ms, plain_call.target_step_ms) for call, plain_call in repeats])
    verify_ratio = _middle_ratio([(call.target_step_ms, plain_call.target_step_ms) for call, plain_call in repeats])
    return GammaPoint(
        gamma=gamma,
        ms_per_token=statistics.time_estimate(blocks.decoding(drafted)),
        alpha=alpha,
        alpha_ci=alpha_ci,
        tau=blocks.tau(drafted),
        c=c,
        verify_ratio=verify_ratio,
        predicted_speedup=None
        if c is None or verify_ratio is None
        else speed_model.predicted_speedup(alpha, gamma, c, verify_ratio=verify_ratio),
        speedup=statistics.speedup(blocks.decoding(plain), blocks.decoding(drafted)),
    )


def _middle_ratio(times: Sequence[tuple[float | None, float | None]]) -> float | None:
    """The medians divided, over blocks that have both times: a text shorter than a round has no full draft."""
    known = [(a, b) for a, b in times if a is not None and b is not None]
    return median(a for a, _ in known) / median(b for _, b in known) if known else None
