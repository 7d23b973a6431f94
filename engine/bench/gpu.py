"""Everything that is measured on a GPU, one pair after another, each beside what was predicted for it."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec
import torch
from msgspec.structs import replace

from engine import speed_model
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
from engine.speed_model import Interval

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
    """What to measure, and how much of it. gpt_fast: a checkout to measure beside ours, None for none."""

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


class PairResult(msgspec.Struct, frozen=True):
    """One pair. estimated_bytes: weights as told before loading; allocated_bytes: what the device then held more than
    before, peak_bytes: while measuring; both None off a GPU.

    predicted_ms, predicted_speculative_ms: time a token from bytes over bandwidth and the drafter's alpha; None off a
    GPU. cell: ours and transformers'. rounds: one round behind that context and what recording adds to it, on a GPU as
    graphs. why_not, why_not_rounds, why_not_gpt_fast: why the rest, the rounds or gpt-fast's figures are missing, empty
    where they are not."""

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
    """What is measured so far; `complete` says whether that is all. bandwidth: bytes a second, read and written."""

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
    """Yield progress and, after each pair, all results so far; what fails is a result too, with the reason."""
    started = time.perf_counter()
    kind = devices.parse_dtype(task.dtype, task.device)
    found = GpuBench(
        pairs=(),
        complete=False,
        bandwidth_bytes_per_s=limits.bandwidth(task.device),
        context=task.context,
        gamma=task.gamma,
        max_new_tokens=task.n_new,
        n_blocks=task.n_blocks,
        device=str(task.device),
        dtype=str(kind).removeprefix("torch."),
        n_threads=torch.get_num_threads(),
        processor=machine.processor(task.device),
        versions=dict(machine.versions()),
        measured_utc=machine.now_utc(),
        seconds=0.0,
    )
    for i, shapes in enumerate(task.shapes):
        result = yield from _measured(shapes, task)
        complete, seconds = i + 1 == len(task.shapes), time.perf_counter() - started
        found = replace(found, pairs=(*found.pairs, result), complete=complete, seconds=seconds)
        yield found


def _measured(shapes: str, task: GpuBenchTask) -> Generator[Event, None, PairResult]:
    """One pair from loading to unloading; what was measured before a failure stays."""
    result = PairResult(shapes, *SHAPES[shapes])
    try:
        with _memory_errors(result):
            for item in _of_pair(result, task):
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


def _of_pair(result: PairResult, task: GpuBenchTask) -> Iterator[Event | PairResult]:
    """Progress, and the result each time that it has grown."""
    held = _held(task.device)
    started = time.perf_counter()
    planned = _plan(result, task)
    pair, needed = yield from _loaded(planned)
    result = replace(
        result,
        timing_pair=pair.target.note,
        load_s=time.perf_counter() - started,
        estimated_bytes=needed,
        allocated_bytes=None if held is None else (_held(task.device) or 0) - held,
    )
    asked = matrix.asked_prompts(pair, task.context, n_new=task.n_new, n_prompts=task.n_blocks)
    floor = limits.Floor.on(pair.target)
    predicted = _predicted(pair, floor, task)
    yield result
    cell = yield from matrix.measured(
        pair, Setting(task.context, task.gamma, 1, "auto"), asked, floor, n_new=task.n_new
    )
    result = replace(
        result,
        predicted_ms=None if predicted is None else predicted[0],
        predicted_speculative_ms=None if predicted is None else predicted[1],
        cell=cell,
    )
    yield result
    result = _with_rounds(result, pair, task, length=len(asked[0]))
    yield result
    if pair.target.fused is not None:
        result = replace(
            result, attention=kernels.attention_of(pair.target.fused, context=task.context, gamma=task.gamma)
        )
        yield result
    result = yield from _beside_gpt_fast(result, pair, asked, task)
    yield replace(result, peak_bytes=None if held is None else torch.cuda.max_memory_allocated(task.device))


def _with_rounds(result: PairResult, pair: Pair, task: GpuBenchTask, *, length: int) -> PairResult:
    """The result with its rounds behind prompts of that length, or with the reason why there are none."""
    try:
        with _memory_errors(result):
            found = rounds.measure(pair, gamma=task.gamma, length=length, n_blocks=task.n_blocks)
    except EngineError as err:
        return replace(result, why_not_rounds=str(err))
    return replace(result, rounds=found)


def _held(device: torch.device) -> int | None:
    """Bytes held on a GPU now; begins a new peak."""
    if device.type != "cuda":
        return None
    torch.cuda.reset_peak_memory_stats(device)
    return int(torch.cuda.memory_allocated(device))


def _plan(result: PairResult, task: GpuBenchTask) -> LoadPlan:
    drafter = checkpoint_folder.inspect(f"{result.drafter}@{ALPHA}", drafter=True)
    return load_plan.plan(checkpoint_folder.inspect(result.target), drafter, task.device, task.device, task.dtype)


def _loaded(planned: LoadPlan) -> Generator[Event, None, tuple[Pair, int]]:
    """The pair, and the bytes its weights were estimated at."""
    assert planned.drafter is not None
    estimated = planned.target.n_parameters + planned.drafter.n_parameters
    for item in loading.load_pair(planned):
        if isinstance(item, Pair):
            return item, estimated * planned.dtype.itemsize
        if not isinstance(item, Estimated):
            yield item
    raise AssertionError("loading ends with the pair")


def _predicted(pair: Pair, floor: limits.Floor, task: GpuBenchTask) -> tuple[float, float] | None:
    """Milliseconds a token, plain and drafted, if nothing but reading weights and caches took time."""
    assert pair.drafter is not None
    n_context = task.context + task.n_new // 2
    if floor.bytes_per_s is None:
        return None
    target_ms, drafter_ms = (
        1e3 * limits.step_bytes(one, n_context) / floor.bytes_per_s for one in (pair.target, pair.drafter)
    )
    round_ms = target_ms + task.gamma * drafter_ms
    return target_ms, round_ms / speed_model.expected_tokens(ALPHA, task.gamma)


def _beside_gpt_fast(
    result: PairResult, pair: Pair, asked: Prompts, task: GpuBenchTask
) -> Generator[Event, None, PairResult]:
    """The result with gpt-fast's figures, or with the reason why there are none."""
    if task.gpt_fast is None:
        return result
    assert pair.drafter is not None
    drafter = systems.small_model_drafter(pair.target, pair.drafter)
    try:
        with _memory_errors(result), gpt_fast.checkout(task.gpt_fast) as found:
            n_prompt = len(asked[0])
            made = {
                SPECULATIVE: systems.ours(pair.target, drafter, gamma=task.gamma, n_new=task.n_new),
                _GPT_FAST: gpt_fast.system(found, pair, gamma=task.gamma, n_prompt=n_prompt, n_new=task.n_new),
            }
            for system in made.values():
                system(asked[0])
            calls = yield from blocks.interleave(made, asked)
    except EngineError as err:
        return replace(result, why_not_gpt_fast=str(err))
    ratios = blocks.wall_ratios(calls[_GPT_FAST], calls[SPECULATIVE])
    ms = median(map(blocks.wall_ms, calls[_GPT_FAST]))
    ci = speed_model.median_interval(ratios)
    return replace(result, gpt_fast=GptFast(ms, median(ratios), ci, blocks.same_ids(calls)))


def table(found: GpuBench) -> Sequence[tuple[str, ...]]:
    """The results as a short table, its head first."""
    head = ("pair", "plain ms", "of limit", "spec ms", "transformers plain", "assisted", "ratio", "gpt-fast", "alpha",
            "recording", "same")  # fmt: skip
    return [head, *(_row(pair) for pair in found.pairs)]


def _row(pair: PairResult) -> tuple[str, ...]:
    cell = pair.cell
    if cell is None:
        return (pair.shapes, *["-"] * 9, pair.why_not)
    ms = cell.ms_per_token
    figures = [f"{value:.3g}" if value is not None else "-" for value in ms.values()]
    plain, drafted, their_plain, assisted = figures
    share = "-" if cell.fraction_of_limit is None else f"{cell.fraction_of_limit:.0%}"
    beside = "-" if pair.gpt_fast is None else f"{pair.gpt_fast.ms_per_token:.3g}"
    cost = "-" if pair.rounds is None else f"{pair.rounds.recording_cost:+.1%}"
    ratio = "-" if cell.ratio_vs_transformers is None else f"{cell.ratio_vs_transformers:.2f}"
    same = "yes" if cell.same_tokens else "no"
    return (
        pair.shapes, plain, share, drafted, their_plain, assisted, ratio, beside,
        f"{cell.alpha:.2f}", cost, same,
    )  # fmt: skip
