"""Measures our engine against transformers over context, draft length, batch and runtime; a cell per combination."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import product
from statistics import median
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from engine import statistics
from engine.errors import InputError
from engine.events import Event, Progressed, RuntimeName
from engine.events.scaling import PLAIN, SPECULATIVE, THEIR_ASSISTED, THEIR_PLAIN
from engine.measuring import blocks, limits, prompts, systems
from engine.measuring.blocks import Calls, Prompts
from engine.measuring.systems import BatchSystem, System
from engine.models import loading
from engine.models.loading import LoadedModel, Pair
from engine.models.pair_names import RuntimeChoice
from engine.statistics import Interval, RatioEstimate, UnitTime

SYSTEMS = PLAIN, SPECULATIVE, THEIR_PLAIN, THEIR_ASSISTED


class Axes(NamedTuple):
    """The settings to combine. contexts: None stands for the short prompts of the bench without a matrix."""

    contexts: tuple[int | None, ...]
    gammas: tuple[int, ...]
    batches: tuple[int, ...]
    runtimes: tuple[RuntimeChoice, ...]


class Setting(NamedTuple):
    """One cell's settings."""

    context: int | None
    gamma: int
    batch: int
    runtime: RuntimeChoice


class MatrixCell(msgspec.Struct, frozen=True):
    """Results of one combination. context: the requested prompt length; n_prompt: the length that there was room for.

    ms_per_token: wall time of all whole calls over their new tokens, of all sequences where there are several; None for
    assisted `generate` of several sequences, which it does not support. Ratios divide these, and above 1 ours is
    faster; each has its range over the n blocks, and its interval from ten blocks on. speedup: of decoding alone,
    against our plain one. step_ms: one step of our plain decoding; predicted_ms: its limit, which `limit` names: bare
    matrix products, or reading weights and cache at copy bandwidth; fraction_of_limit: predicted_ms over step_ms."""

    context: int | None
    n_prompt: int
    gamma: int
    batch: int
    runtime: RuntimeName
    drafter_runtime: RuntimeName
    ms_per_token: dict[str, float | None]
    ratio_vs_transformers: float | None
    ratio_ci: Interval | None
    plain_ratio: float
    plain_ratio_ci: Interval | None
    same_tokens: bool
    alpha: float
    alpha_ci: Interval | None
    tau: float
    speedup: float
    speedup_ci: Interval | None
    step_ms: float
    predicted_ms: float | None = None
    fraction_of_limit: float | None = None
    limit: str = ""
    ratio_range: Interval | None = None
    plain_ratio_range: Interval | None = None
    speedup_range: Interval | None = None
    n: int = 1


class Planned(NamedTuple):
    """Combinations that can be measured, and the prompts of each context: enough for the largest batch."""

    settings: tuple[Setting, ...]
    asked: dict[int | None, Prompts]
    n_new: int
    n_prompts: int


def planned(pair: Pair, axes: Axes, *, n_new: int, n_prompts: int) -> Planned:
    """Plan all combinations. Raises InputError, ModelError where a context does not fit or a runtime is missing."""
    settings = tuple(Setting(*values) for values in product(axes.contexts, axes.gammas, axes.batches, axes.runtimes))
    n_most = n_prompts * max(axes.batches)
    prompts_by_context = {
        context: asked_prompts(pair, context, n_new=n_new, n_prompts=n_most) for context in axes.contexts
    }
    for runtime in axes.runtimes:
        with_runtime(pair, runtime)
    return Planned(settings, prompts_by_context, n_new, n_prompts)


def cells(pair: Pair, plan: Planned) -> Generator[Event, None, tuple[MatrixCell, ...]]:
    """Measure every combination; yields progress."""
    floor = limits.Floor.on(pair.target)
    results = []
    for i, setting in enumerate(plan.settings):
        prompt_ids = plan.asked[setting.context][: plan.n_prompts * setting.batch]
        results.append((yield from measured(pair, setting, prompt_ids, floor, n_new=plan.n_new)))
        yield Progressed("measuring", i + 1, len(plan.settings), "cells")
    return tuple(results)


def asked_prompts(pair: Pair, context: int | None, *, n_new: int, n_prompts: int) -> Prompts:
    """Prompts of a length, cut to leave room for the new tokens; None: short ones. Raises InputError."""
    target = pair.target
    capacity = target.context - n_new
    if context is None:
        prompt_ids = prompts.held_out_prompts(target.tokenizer, n_prompts)
        context = max(map(len, prompt_ids))
    else:
        prompt_ids = prompts.prompts_of_length(target.tokenizer, n_prompts, max(1, min(context, capacity)))
    if context > target.context:
        raise InputError(f"context {context}: {target.spec} reads {target.context}", f"use at most {target.context}")
    if capacity < 1 or max(map(len, prompt_ids)) > capacity:
        reason = f"max-new-tokens = {n_new}: {target.spec} has room for {target.context - context}"
        raise InputError(reason, "use fewer new tokens")
    return prompt_ids


def with_runtime(pair: Pair, choice: RuntimeChoice) -> Pair:
    """The same weights on another runtime. Raises ModelError where a model does not support it."""
    small = pair.drafter
    return Pair(_with_runtime(pair.target, choice), None if small is None else _with_runtime(small, choice))


def _with_runtime(loaded: LoadedModel, choice: RuntimeChoice) -> LoadedModel:
    if choice == "modules":
        # Fusing leaves the modules working; every field with a default but `note` belongs to a runtime.
        plain = {name: value for name, value in LoadedModel._field_defaults.items() if name != "note"}
        return loading.on_runtime(loaded._replace(**plain), choice)
    if choice == "fused-eager" and loaded.fused is not None:
        return loaded._replace(static=None)
    return loaded if loaded.fused is not None else loading.on_runtime(loaded._replace(why_modules=""), choice)


def four_systems(pair: Pair, *, gamma: int, n_new: int) -> dict[str, System]:
    """Our decoders and transformers', plain and drafted, by name."""
    target, small = pair.target, pair.drafter
    assert small is not None
    drafter = systems.small_model_drafter(target, small)
    return {
        PLAIN: systems.ours(target, None, gamma=0, n_new=n_new),
        SPECULATIVE: systems.ours(target, drafter, gamma=gamma, n_new=n_new),
        THEIR_PLAIN: systems.transformers_generate(target.model, None, gamma=gamma, n_new=n_new),
        THEIR_ASSISTED: systems.transformers_generate(target.model, small.model, gamma=gamma, n_new=n_new),
    }


def measured(
    pair: Pair, setting: Setting, prompt_ids: Prompts, floor: limits.Floor, *, n_new: int
) -> Generator[Event, None, MatrixCell]:
    """Measure one cell; each block is a prompt, or as many as are decoded together."""
    pair_on_runtime = with_runtime(pair, setting.runtime)
    if setting.batch > 1:
        return (yield from _measure_together(pair_on_runtime, setting, prompt_ids, n_new=n_new))
    decoders = four_systems(pair_on_runtime, gamma=setting.gamma, n_new=n_new)
    for decoder in decoders.values():
        decoder(prompt_ids[0])
    n_prompt = max(map(len, prompt_ids))
    floors_ms: list[float] = []
    calls = yield from blocks.interleave(
        decoders, prompt_ids, lambda: floors_ms.extend(_floor_ms(floor, n_prompt + n_new // 2))
    )
    return _with_limit(_cell(pair_on_runtime, setting, calls, n_prompt=n_prompt), floors_ms, floor.kind)


def _measure_together(
    pair: Pair, setting: Setting, prompt_ids: Prompts, *, n_new: int
) -> Generator[Event, None, MatrixCell]:
    """Measure a cell of several sequences at once; each group is cut to one length, as `generate` would pad it."""
    decoders: dict[str, BatchSystem] = {
        PLAIN: systems.ours_together(pair, gamma=0, n_new=n_new),
        SPECULATIVE: systems.ours_together(pair, gamma=setting.gamma, n_new=n_new),
        THEIR_PLAIN: systems.transformers_together(pair.target.model, n_new=n_new),
    }
    groups = [_cut(prompt_ids[start : start + setting.batch]) for start in range(0, len(prompt_ids), setting.batch)]
    for decoder in decoders.values():
        decoder(groups[0])
    calls = yield from blocks.interleave(decoders, groups)
    return _cell(pair, setting, calls, n_prompt=max(len(group[0]) for group in groups))


def _cut(group: Prompts) -> Prompts:
    length = min(map(len, group))
    return [prompt[:length] for prompt in group]


def _floor_ms(floor: limits.Floor, n_context: int) -> Iterator[float]:
    ms = floor.step_ms(n_context)
    if ms is not None:
        yield ms


def _with_limit(cell: MatrixCell, floors_ms: list[float], limit: str) -> MatrixCell:
    """The cell with the limit of its plain step, where that was measured."""
    if not floors_ms:
        return cell
    predicted_ms = median(floors_ms)
    return replace(cell, predicted_ms=predicted_ms, fraction_of_limit=predicted_ms / cell.step_ms, limit=limit)


def _ratio(walls: Mapping[str, Sequence[UnitTime]], reference: str, name: str) -> RatioEstimate | None:
    """How much longer the reference took; None where it was not measured."""
    return statistics.speedup(walls[reference], walls[name]) if reference in walls else None


def _cell(pair: Pair, setting: Setting, calls: Calls, *, n_prompt: int) -> MatrixCell:
    assert pair.drafter is not None
    walls = {name: blocks.whole_calls(system_calls) for name, system_calls in calls.items()}
    ratio = _ratio(walls, THEIR_ASSISTED, SPECULATIVE)
    plain_ratio = statistics.speedup(walls[THEIR_PLAIN], walls[PLAIN])
    plain = blocks.decoding(calls[PLAIN])
    speedup = statistics.speedup(plain, blocks.decoding(calls[SPECULATIVE]))
    alpha, alpha_ci = blocks.alpha(calls[SPECULATIVE])
    return MatrixCell(
        context=setting.context,
        n_prompt=n_prompt,
        gamma=setting.gamma,
        batch=setting.batch,
        runtime=pair.target.runtime,
        drafter_runtime=pair.drafter.runtime,
        ms_per_token={name: statistics.ms_per_token(walls[name]) if name in walls else None for name in SYSTEMS},
        ratio_vs_transformers=None if ratio is None else ratio.value,
        ratio_ci=None if ratio is None else ratio.ci,
        ratio_range=None if ratio is None else ratio.range,
        plain_ratio=plain_ratio.value,
        plain_ratio_ci=plain_ratio.ci,
        plain_ratio_range=plain_ratio.range,
        same_tokens=blocks.same_ids(calls),
        alpha=alpha,
        alpha_ci=alpha_ci,
        tau=blocks.tau(calls[SPECULATIVE]),
        speedup=speedup.value,
        speedup_ci=speedup.ci,
        speedup_range=speedup.range,
        n=speedup.n,
        step_ms=setting.batch * statistics.ms_per_token(plain),
    )
