"""Measures our engine against transformers, interleaved in one process: same pair, prompts, gamma and threads."""

import math
import time
from collections.abc import Iterator, Sequence
from statistics import median

import msgspec
import torch
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from torch.nn import functional

from engine import statistics
from engine.drafters.prompt_lookup import PromptLookupDrafter
from engine.errors import InputError
from engine.events import Event, RuntimeName
from engine.events.scaling import PLAIN, SPECULATIVE, THEIR_ASSISTED, THEIR_PLAIN
from engine.machine import versions as machine
from engine.measuring import blocks, limits, matrix, prompts, systems
from engine.measuring.blocks import Calls
from engine.measuring.limits import ProductTimes
from engine.measuring.matrix import Axes, MatrixCell
from engine.measuring.systems import Call
from engine.models.loading import LoadedModel, Pair
from engine.settings import ChatConfig
from engine.statistics import Interval

_N_LOOKUP_PROMPTS = 5
_N_PROSE = 40


class DecodeBench(msgspec.Struct, frozen=True):
    """Results of `bench decode`. ms_per_token: wall time of whole calls, prefill included, over new tokens.

    Ratios divide these; above 1 ours is faster. Intervals are over prompts, from ten on; ranges: the smallest and the
    largest prompt. cautions: what disturbed the measurement. runtime, drafter_runtime: what computed our forwards.
    matrix_ms: the matrix products of one plain step alone, in the form our forward uses;
    library_matrix_ms: the same with the library's product of a row; plain_over_matrices: our plain decoding over
    matrix_ms; all None where the target is not fused. timing_pair: a note on random weights; cells: of a matrix; both
    only where there are any."""

    ms_per_token: dict[str, float]
    ratio_vs_transformers: float
    ratio_ci: Interval | None
    plain_ratio: float
    plain_ratio_ci: Interval | None
    same_tokens: bool
    alpha: float
    alpha_ci: Interval | None
    speedup: float
    speedup_ci: Interval | None
    tau: float
    n_prompts: int
    repeated_4grams: float
    lookup_alpha: float
    perplexity: float | None
    drafter_perplexity: float | None
    gamma: int
    max_new_tokens: int
    device: str
    dtype: str
    n_threads: int
    processor: str
    versions: dict[str, str]
    measured_utc: str
    seconds: float
    runtime: RuntimeName
    drafter_runtime: RuntimeName
    matrix_ms: float | None
    library_matrix_ms: float | None
    plain_over_matrices: float | None
    workload: str = "held-out prompts of the built-in world, at most 32 tokens, greedy, end-of-text off"
    timing_pair: str | UnsetType = UNSET
    cells: tuple[MatrixCell, ...] | UnsetType = UNSET
    ratio_range: Interval | None = None
    plain_ratio_range: Interval | None = None
    speedup_range: Interval | None = None
    cautions: tuple[str, ...] = ()


_AS_USUAL = ChatConfig()


def bench(
    pair: Pair, *, gamma: int, n_new: int, n_prompts: int, axes: Axes | None = None, asked: ChatConfig = _AS_USUAL
) -> Iterator[Event | DecodeBench]:
    """Yield progress, then the result. Every prompt runs on all four systems, in rotating order.

    axes: settings to measure as well, in every combination. asked: as chat, or not.
    Raises InputError, ModelError before measuring."""
    started = time.perf_counter()
    target, small = pair.target, pair.drafter
    assert small is not None
    plan = None if axes is None else matrix.planned(pair, axes, n_new=n_new, n_prompts=n_prompts)
    decoders = matrix.four_systems(pair, gamma=gamma, n_new=n_new)
    prompt_ids, as_chat = prompts.asked_prompts(target, n_prompts, asked)
    capacity = target.context - max(map(len, prompt_ids))
    if n_new > capacity:
        raise InputError(
            f"max-new-tokens = {n_new}: {target.spec} has room for {capacity}", f"use --max-new-tokens {capacity}"
        )
    for decoder in decoders.values():
        decoder(prompt_ids[0][:8])
    product_times: list[ProductTimes] = []
    calls, cautions = yield from blocks.noting(
        blocks.interleave(decoders, prompt_ids, lambda: product_times.extend(_product_times(target)))
    )
    lookup = systems.ours(target, PromptLookupDrafter(3, device=target.device), gamma=gamma, n_new=n_new)
    lookup_calls = [lookup(prompt) for prompt in prompt_ids[:_N_LOOKUP_PROMPTS]]
    perplexities = _perplexity(target), _perplexity(small)
    seconds = time.perf_counter() - started
    result = _result(calls, product_times, lookup_calls, perplexities, pair, gamma=gamma, n_new=n_new, seconds=seconds)
    if as_chat:
        result = replace(result, workload=f"{result.workload}, asked as chat")
    result = replace(result, cautions=cautions)
    if plan is None:
        yield result
        return
    cells = yield from matrix.cells(pair, plan)
    yield replace(result, cells=cells, seconds=time.perf_counter() - started)


def _product_times(target: LoadedModel) -> Iterator[ProductTimes]:
    """Times of the target's bare matrix products, if it is fused."""
    if target.fused is not None:
        yield limits.matrices(target.fused)


def _result(
    calls: Calls,
    product_times: Sequence[ProductTimes],
    lookup_calls: list[Call],
    perplexities: tuple[float | None, float | None],
    pair: Pair,
    *,
    gamma: int,
    n_new: int,
    seconds: float,
) -> DecodeBench:
    speculative, target = calls[SPECULATIVE], pair.target
    assert pair.drafter is not None
    walls = {name: blocks.whole_calls(system_calls) for name, system_calls in calls.items()}
    ratio = statistics.speedup(walls[THEIR_ASSISTED], walls[SPECULATIVE])
    plain_ratio = statistics.speedup(walls[THEIR_PLAIN], walls[PLAIN])
    speedup = statistics.speedup(blocks.decoding(calls[PLAIN]), blocks.decoding(speculative))
    alpha, alpha_ci = blocks.alpha(speculative)
    matrix_ms = median(times.ms for times in product_times) if product_times else None
    return DecodeBench(
        ms_per_token={name: statistics.ms_per_token(units) for name, units in walls.items()},
        ratio_vs_transformers=ratio.value,
        ratio_ci=ratio.ci,
        ratio_range=ratio.range,
        plain_ratio=plain_ratio.value,
        plain_ratio_ci=plain_ratio.ci,
        plain_ratio_range=plain_ratio.range,
        same_tokens=blocks.same_ids(calls),
        alpha=alpha,
        alpha_ci=alpha_ci,
        speedup=speedup.value,
        speedup_ci=speedup.ci,
        speedup_range=speedup.range,
        tau=blocks.tau(speculative),
        n_prompts=len(speculative),
        repeated_4grams=sum(repeated_4grams(call.ids) for call in speculative) / len(speculative),
        lookup_alpha=blocks.alpha(lookup_calls)[0],
        perplexity=perplexities[0],
        drafter_perplexity=perplexities[1],
        gamma=gamma,
        max_new_tokens=n_new,
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        n_threads=torch.get_num_threads(),
        processor=machine.processor(target.device),
        versions=dict(machine.versions()),
        measured_utc=machine.now_utc(),
        seconds=seconds,
        runtime=target.runtime,
        drafter_runtime=pair.drafter.runtime,
        matrix_ms=matrix_ms,
        library_matrix_ms=median(times.library_ms for times in product_times) if product_times else None,
        plain_over_matrices=None if matrix_ms is None else statistics.ms_per_token(walls[PLAIN]) / matrix_ms,
        timing_pair=target.note or UNSET,
    )


def _perplexity(model: LoadedModel) -> float | None:
    """Perplexity; None for a timing model, whose random weights read nothing."""
    return None if model.note else perplexity(model)


def repeated_4grams(ids: Sequence[int]) -> float:
    """Share of 4-grams that occurred before in the same text."""
    grams = [tuple(ids[i : i + 4]) for i in range(len(ids) - 3)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


@torch.inference_mode()
def perplexity(model: LoadedModel) -> float:
    """Perplexity per token of held-out prose."""
    total, n = 0.0, 0
    for text in prompts.held_out_prose(_N_PROSE):
        ids = torch.tensor(model.tokenizer(text)["input_ids"][: model.context], device=model.device)
        logits = model.model(input_ids=ids.unsqueeze(0), use_cache=False).logits[0, :-1].float()
        total += float(functional.cross_entropy(logits, ids[1:], reduction="sum"))
        n += len(ids) - 1
    return math.exp(total / n)
