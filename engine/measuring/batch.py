"""Measures the speedup of speculative batches over plain batches of sequences, one batch size after another."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import count
from typing import NamedTuple

import msgspec
import torch
from msgspec import UNSET, UnsetType

from engine import statistics
from engine.batch.decoder import BatchDecoder
from engine.batch.drafters import SmallModelRows
from engine.batch.generation import RowGeneration, RowRequest, generate_rows
from engine.batch.sequences import sequences_of
from engine.decoding.clock import clock_for
from engine.decoding.generation import Limits
from engine.decoding.sampling import Warp
from engine.errors import InputError
from engine.events import Event, Progressed, RoundFinished, RuntimeName
from engine.events.scaling import BatchMeasured
from engine.machine import versions as machine
from engine.measuring import blocks, prompts, systems
from engine.measuring.systems import Call
from engine.models.loading import Pair
from engine.statistics import UnitTime

_N_WARM_UP = 8


class BatchBench(msgspec.Struct, frozen=True):
    """One pair over several batch sizes."""

    batches: tuple[BatchMeasured, ...]
    gamma: int
    max_new_tokens: int
    n_blocks: int
    device: str
    dtype: str
    n_threads: int
    processor: str
    versions: dict[str, str]
    measured_utc: str
    seconds: float
    runtime: RuntimeName
    drafter_runtime: RuntimeName
    target: str
    drafter: str
    timing_pair: str | UnsetType = UNSET
    workload: str = "the first held-out prompts of the built-in world, at most 32 tokens, greedy, end-of-text off"


class _Block(NamedTuple):
    """One whole batch: each sequence's call, and the decoding time of the batch."""

    calls: tuple[Call, ...]
    decode_ms: float


def bench(pair: Pair, *, batches: Sequence[int], gamma: int, n_new: int, n_blocks: int) -> Iterator[Event | BatchBench]:
    """Yield progress, then the result."""
    started = time.perf_counter()
    target = pair.target
    assert pair.drafter is not None
    results = []
    for i, batch in enumerate(batches):
        results.append(measure_batch(pair, batch=batch, gamma=gamma, n_new=n_new, n_blocks=n_blocks))
        yield Progressed("measuring", i + 1, len(batches), "batch sizes")
    yield BatchBench(
        batches=tuple(results),
        gamma=gamma,
        max_new_tokens=n_new,
        n_blocks=n_blocks,
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        n_threads=torch.get_num_threads(),
        processor=machine.processor(target.device),
        versions=dict(machine.versions()),
        measured_utc=machine.now_utc(),
        seconds=time.perf_counter() - started,
        runtime=target.runtime,
        drafter_runtime=pair.drafter.runtime,
        target=target.spec,
        drafter=pair.drafter.spec,
        timing_pair=target.note or UNSET,
    )


def measure_batch(
    pair: Pair, *, batch: int, gamma: int, n_new: int, n_blocks: int = 5, checkpoint: Callable[[], None] = lambda: None
) -> BatchMeasured:
    """Measure one batch size; see `batch_in_steps`."""
    steps = batch_in_steps(pair, batch=batch, gamma=gamma, n_new=n_new, n_blocks=n_blocks, checkpoint=checkpoint)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            measured: BatchMeasured = end.value
            return measured


def n_batch_steps(batch: int, n_blocks: int) -> int:
    """How many steps measuring one batch size takes: two to warm up, the blocks, and each sequence alone."""
    return 2 + 2 * n_blocks + batch


def batch_in_steps(
    pair: Pair, *, batch: int, gamma: int, n_new: int, n_blocks: int = 5, checkpoint: Callable[[], None] = lambda: None
) -> Generator[int, None, BatchMeasured]:
    """Measure one batch size: repeats of a plain and a speculative block, in the order A B B A, on the same prompts.

    Yields how many steps are done after each. checkpoint: called every round, may raise. Raises InputError where
    prompts and new tokens do not fit the context."""
    n_done = count(1)
    prompt_ids = prompts.held_out_prompts(pair.target.tokenizer, batch)
    capacity = pair.target.context - max(map(len, prompt_ids))
    if n_new > capacity:
        reason = f"max-new-tokens = {n_new}: {pair.target.spec} has room for {capacity}"
        raise InputError(reason, f"use --max-new-tokens {capacity}")
    block = partial(_block, pair, prompt_ids, checkpoint)
    for length in (gamma, 0):
        block(gamma=length, n_new=min(_N_WARM_UP, n_new))
        yield next(n_done)
    plain: list[_Block] = []
    speculative: list[_Block] = []
    for index in range(n_blocks):
        for length in (0, gamma) if index % 2 == 0 else (gamma, 0):
            (speculative if length else plain).append(block(gamma=length, n_new=n_new))
            yield next(n_done)
    decode_alone = systems.ours(pair.target, None, gamma=0, n_new=n_new)
    expected = []
    for prompt in prompt_ids:
        checkpoint()
        expected.append(decode_alone(prompt).ids)
        yield next(n_done)
    return _result(plain, speculative, expected)


@torch.inference_mode()
def _block(
    pair: Pair, prompt_ids: Sequence[Sequence[int]], checkpoint: Callable[[], None], *, gamma: int, n_new: int
) -> _Block:
    """Decode all prompts together, recording every probability as a visible run does; gamma 0 is plain decoding."""
    target, drafter = pair
    assert drafter is not None
    rows = SmallModelRows(drafter, target) if gamma else None
    decoder = BatchDecoder(sequences_of(target), rows, warp=Warp(), clock=clock_for(target.device))
    requests = [RowRequest(prompt, 0, Limits(n_new, target.context, frozenset())) for prompt in prompt_ids]
    started = time.perf_counter()
    items = list(generate_rows(decoder, requests, gamma, target.texts, checkpoint))
    wall_ms = 1e3 * (time.perf_counter() - started)
    generations = sorted((item for item in items if isinstance(item, RowGeneration)), key=lambda item: item.lane)
    rounds = [item for item in items if isinstance(item, RoundFinished)]
    calls = []
    for lane, generation in generations:
        lane_rounds = tuple(item for item in rounds if item.lane == str(lane))
        calls.append(Call(generation.ids, wall_ms, generation.decode_ms, lane_rounds))
    return _Block(tuple(calls), max(generation.decode_ms for _, generation in generations))


def _repeats(blocks: Sequence[_Block]) -> UnitTime:
    """Blocks as repeats of the same prompts."""
    return UnitTime(tuple(block.decode_ms for block in blocks), sum(len(call.ids) for call in blocks[0].calls))


def _result(
    plain: Sequence[_Block], speculative: Sequence[_Block], expected: Sequence[tuple[int, ...]]
) -> BatchMeasured:
    base, timed = _repeats(plain), _repeats(speculative)
    speedup = statistics.speedup([base], [timed])
    calls = speculative[0].calls
    alpha, alpha_ci = blocks.alpha(calls)
    ids_by_block = [[call.ids for call in block.calls] for block in (*plain, *speculative)]
    return BatchMeasured(
        batch=len(calls),
        plain_tokens_per_s=1e3 / statistics.ms_per_token([base]),
        tokens_per_s=1e3 / statistics.ms_per_token([timed]),
        speedup=speedup.value,
        speedup_ci=speedup.ci,
        speedup_range=speedup.range,
        n=speedup.n,
        alpha=alpha,
        alpha_ci=alpha_ci,
        tau=blocks.tau(calls),
        same_tokens=all(ids == list(expected) for ids in ids_by_block),
    )
