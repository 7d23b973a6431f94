"""Measures timing pairs on a GPU, one after another, each beside its predicted time."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from msgspec.structs import replace

from engine import speed_model, statistics
from engine.bench import gpt_fast, kernels, rounds
from engine.bench.rounds import RoundsBench
from engine.errors import EngineError
from engine.events import Estimated, Event
from engine.events.scaling import SPECULATIVE
from engine.machine import versions as machine
from engine.machine.out_of_memory import memory_errors
from engine.measuring import blocks, limits, matrix, systems
from engine.measuring.blocks import Prompts
from engine.measuring.matrix import MatrixCell, Setting
from engine.models import checkpoint_folder, devices, load_plan, loading
from engine.models.load_plan import LoadPlan
from engine.models.loading import Pair
from engine.session.memory import release_memory
from engine.statistics import Interval

ALPHA = 0.8
_GPT_FAST = "gpt_fast"
# Target and drafter of each set of shapes.
SHAPES = {
    "qwen": ("timing:qwen2.5-7b", "timing:qwen2.5-0.5b"),
    "qwen-1.5b": ("timing:qwen2.5-7b", "timing:qwen2.5-1.5b"),
    "llama": ("timing:llama-3.1-8b", "timing:llama-3.2-1b"),
    "llama-70b": ("timing:llama-70b", "timing:llama-3.2-1b"),
    "tiny": ("timing:tiny", "timing:tiny-draft"),
}


class GpuBenchTask(NamedTuple):
    """What to measure, and how much of it. gpt_fast: a checkout to measure as well, or None."""

    shapes: tuple[str, ...]
    device: torch.device
    dtype: str
    context: int
    gamma: int
    n_new: int
    n_blocks: int
    gpt_fast: Path | None


class GptFast(msgspec.Struct, frozen=True):
    """gpt-fast on the same weights. ratio: its time over ours, whole calls, above 1 where ours is faster."""

    ms_per_token: float
    ratio: float
    ratio_ci: Interval | None
    same_tokens: bool
    ratio_range: Interval | None = None
    n: int = 1


class PairResult(msgspec.Struct, frozen=True):
    """Results of one pair. estimated_bytes: weights as estimated before loading; allocated_bytes: growth of the
    device's allocation by loading; peak_bytes: its peak while measuring; both None off a GPU.

    predicted_ms, predicted_speculative_ms: time per token from bytes over bandwidth and ALPHA; None off a GPU. cell:
    ours and transformers'. rounds: one round after that context and what recording adds to it, on a GPU as graphs.
    why_not, why_not_rounds, why_not_gpt_fast: why the rest, the rounds or gpt-fast's figures are missing, empty where
    they are not."""

    shapes: str
    target: str
    drafter: str
    timing_pair: str = ""
    load_s: float = 0.0
    estimated_bytes: int = 0
    allocated_bytes: int | None = None
    peak_bytes: int | None = None
    predicted_ms: float | None = None
    predicted_speculative_ms: float | None = None
    cell: MatrixCell | None = None
    rounds: RoundsBench | None = None
    attention: dict[str, str] = {}
    gpt_fast: GptFast | None = None
    why_not: str = ""
    why_not_rounds: str = ""
    why_not_gpt_fast: str = ""


class GpuBench(msgspec.Struct, frozen=True):
    """Results so far; complete: whether these are all. bandwidth: bytes per second, read and written."""

    pairs: tuple[PairResult, ...]
    complete: bool
    bandwidth_bytes_per_s: float
    context: int
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
    workload: str = "timing pairs: random weights in the shapes of known models, greedy, batch 1"


def bench(task: GpuBenchTask) -> Iterator[Event | GpuBench]:
    """Yield progress and, after each pair, all results so far; a failure is a result too, with the reason."""
    started = time.perf_counter()
    dtype = devices.parse_dtype(task.dtype, task.device)
    results = GpuBench(
        pairs=(),
        complete=False,
        bandwidth_bytes_per_s=limits.bandwidth(task.device),
        context=task.context,
        gamma=task.gamma,
        max_new_tokens=task.n_new,
        n_blocks=task.n_blocks,
        device=str(task.device),
        dtype=str(dtype).removeprefix("torch."),
        n_threads=torch.get_num_threads(),
        processor=machine.processor(task.device),
        versions=dict(machine.versions()),
        measured_utc=machine.now_utc(),
        seconds=0.0,
    )
    for i, shapes in enumerate(task.shapes):
        result = yield from _measure_pair(shapes, task)
        complete, seconds = i + 1 == len(task.shapes), time.perf_counter() - started
        results = replace(results, pairs=(*results.pairs, result), complete=complete, seconds=seconds)
        yield results


def _measure_pair(shapes: str, task: GpuBenchTask) -> Generator[Event, None, PairResult]:
    """Measure one pair from loading to unloading; keeps what was measured before a failure."""
    result = PairResult(shapes, *SHAPES[shapes])
    try:
        with _memory_errors(result):
            for item in _pair_results(result, task):
                if isinstance(item, PairResult):
                    result = item
                else:
                    yield item
    except EngineError as err:
        return replace(result, why_not=str(err))
    finally:
        release_memory()
    return result


def _memory_errors(result: PairResult) -> AbstractContextManager[None]:
    return memory_errors(f"the bench of {result.target}", "use smaller shapes")


def _pair_results(result: PairResult, task: GpuBenchTask) -> Iterator[Event | PairResult]:
    """Yield progress, and the result whenever it has grown."""
    bytes_before = _allocated_bytes(task.device)
    started = time.perf_counter()
    plan = _plan(result, task)
    pair, estimated = yield from _load(plan)
    result = replace(
        result,
        timing_pair=pair.target.note,
        load_s=time.perf_counter() - started,
        estimated_bytes=estimated,
        allocated_bytes=None if bytes_before is None else (_allocated_bytes(task.device) or 0) - bytes_before,
    )
    prompts = matrix.asked_prompts(pair, task.context, n_new=task.n_new, n_prompts=task.n_blocks)
    floor = limits.Floor.on(pair.target)
    prediction = _prediction(pair, floor, task)
    yield result
    cell = yield from matrix.measured(
        pair, Setting(task.context, task.gamma, 1, "auto"), prompts, floor, n_new=task.n_new
    )
    result = replace(
        result,
        predicted_ms=None if prediction is None else prediction[0],
        predicted_speculative_ms=None if prediction is None else prediction[1],
        cell=cell,
    )
    yield result
    result = _with_rounds(result, pair, task, length=len(prompts[0]))
    yield result
    if pair.target.fused is not None:
        result = replace(
            result, attention=kernels.attention_of(pair.target.fused, context=task.context, gamma=task.gamma)
        )
        yield result
    result = yield from _with_gpt_fast(result, pair, prompts, task)
    yield replace(result, peak_bytes=None if bytes_before is None else torch.cuda.max_memory_allocated(task.device))


def _with_rounds(result: PairResult, pair: Pair, task: GpuBenchTask, *, length: int) -> PairResult:
    """The result with its rounds after prompts of that length, or with the reason why there are none."""
    try:
        with _memory_errors(result):
            rounds_bench = rounds.measure(pair, gamma=task.gamma, length=length, n_blocks=task.n_blocks)
    except EngineError as err:
        return replace(result, why_not_rounds=str(err))
    return replace(result, rounds=rounds_bench)


def _allocated_bytes(device: torch.device) -> int | None:
    """Bytes allocated on a GPU now, None elsewhere; starts a new peak."""
    if device.type != "cuda":
        return None
    torch.cuda.reset_peak_memory_stats(device)
    return int(torch.cuda.memory_allocated(device))


def _plan(result: PairResult, task: GpuBenchTask) -> LoadPlan:
    drafter = checkpoint_folder.inspect(f"{result.drafter}@{ALPHA}", drafter=True)
    return load_plan.plan(checkpoint_folder.inspect(result.target), drafter, task.device, task.device, task.dtype)


def _load(plan: LoadPlan) -> Generator[Event, None, tuple[Pair, int]]:
    """Load the pair; returns it with the estimated bytes of its weights."""
    assert plan.drafter is not None
    estimated = plan.target.n_parameters + plan.drafter.n_parameters
    for item in loading.load_pair(plan):
        if isinstance(item, Pair):
            return item, estimated * plan.dtype.itemsize
        if not isinstance(item, Estimated):
            yield item
    raise AssertionError("loading ends with the pair")


def _prediction(pair: Pair, floor: limits.Floor, task: GpuBenchTask) -> tuple[float, float] | None:
    """Milliseconds per token, plain and speculative, if only reading weights and caches took time."""
    assert pair.drafter is not None
    n_context = task.context + task.n_new // 2
    if floor.bytes_per_s is None:
        return None
    target_ms, drafter_ms = (
        1e3 * limits.step_bytes(model, n_context) / floor.bytes_per_s for model in (pair.target, pair.drafter)
    )
    round_ms = target_ms + task.gamma * drafter_ms
    return target_ms, round_ms / speed_model.expected_tokens(ALPHA, task.gamma)


def _with_gpt_fast(
    result: PairResult, pair: Pair, prompts: Prompts, task: GpuBenchTask
) -> Generator[Event, None, PairResult]:
    """The result with gpt-fast's figures, or with the reason why there are none."""
    if task.gpt_fast is None:
        return result
    assert pair.drafter is not None
    drafter = systems.small_model_drafter(pair.target, pair.drafter)
    try:
        with _memory_errors(result), gpt_fast.checkout(task.gpt_fast) as module:
            n_prompt = len(prompts[0])
            decoders = {
                SPECULATIVE: systems.ours(pair.target, drafter, gamma=task.gamma, n_new=task.n_new),
                _GPT_FAST: gpt_fast.system(module, pair, gamma=task.gamma, n_prompt=n_prompt, n_new=task.n_new),
            }
            for decoder in decoders.values():
                decoder(prompts[0])
            calls = yield from blocks.interleave(decoders, prompts)
    except EngineError as err:
        return replace(result, why_not_gpt_fast=str(err))
    theirs, ours = (blocks.whole_calls(calls[name]) for name in (_GPT_FAST, SPECULATIVE))
    ratio, ms = statistics.speedup(theirs, ours), statistics.ms_per_token(theirs)
    return replace(result, gpt_fast=GptFast(ms, ratio.value, ratio.ci, blocks.same_ids(calls), ratio.range, ratio.n))


def table(results: GpuBench) -> Sequence[tuple[str, ...]]:
    """The results as rows of a short table, header first."""
    head = ("pair", "plain ms", "of limit", "spec ms", "transformers plain", "assisted", "ratio", "gpt-fast", "alpha",
            "recording", "same")  # fmt: skip
    return [head, *(_row(pair) for pair in results.pairs)]


def _row(pair: PairResult) -> tuple[str, ...]:
    cell = pair.cell
    if cell is None:
        return (pair.shapes, *["-"] * 9, pair.why_not)
    ms = cell.ms_per_token
    figures = [f"{value:.3g}" if value is not None else "-" for value in ms.values()]
    plain, drafted, their_plain, assisted = figures
    share = "-" if cell.fraction_of_limit is None else f"{cell.fraction_of_limit:.0%}"
    gpt_fast_ms = "-" if pair.gpt_fast is None else f"{pair.gpt_fast.ms_per_token:.3g}"
    cost = "-" if pair.rounds is None else f"{pair.rounds.recording_cost:+.1%}"
    ratio = "-" if cell.ratio_vs_transformers is None else f"{cell.ratio_vs_transformers:.2f}"
    same = "yes" if cell.same_tokens else "no"
    return (
        pair.shapes, plain, share, drafted, their_plain, assisted, ratio, gpt_fast_ms,
        f"{cell.alpha:.2f}", cost, same,
    )  # fmt: skip
