"""Ours against transformers over settings: context, draft length, batch, runtime; every combination is one cell."""

from collections.abc import Generator, Iterator
from itertools import product
from statistics import median
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from engine import speed_model
from engine.errors import InputError
from engine.events import Event, Progressed, RuntimeName
from engine.events.scaling import PLAIN, SPECULATIVE, THEIR_ASSISTED, THEIR_PLAIN
from engine.measuring import blocks, limits, prompts, systems
from engine.measuring.blocks import Calls, Prompts
from engine.measuring.systems import BatchSystem, System
from engine.models import loading
from engine.models.kv_size import RuntimeChoice
from engine.models.loading import LoadedModel, Pair
from engine.speed_model import Interval

SYSTEMS = PLAIN, SPECULATIVE, THEIR_PLAIN, THEIR_ASSISTED


class Axes(NamedTuple):
    """What is asked for. contexts: None stands for the short prompts of the bench without a matrix."""

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
    """What one combination showed. context: the prompt length asked for; n_prompt: what of it there was room for.

    ms_per_token: wall time of whole calls over new tokens, of all sequences where there are several, medians; None for
    assisted `generate` of several sequences, which it cannot. speedup: of decoding alone, against our plain one.
    step_ms: our plain decoding of one step; predicted_ms: what it is held against, which `limit` names: bare matrix
    products, or reading weights and cache at copy bandwidth; fraction_of_limit: the second over the first.
    Ratios above 1 mean ours is faster."""

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


class Planned(NamedTuple):
    """Combinations that can be measured, and the prompts of each context: enough for the largest batch."""

    settings: tuple[Setting, ...]
    asked: dict[int | None, Prompts]
    n_new: int
    n_prompts: int


def planned(pair: Pair, axes: Axes, *, n_new: int, n_prompts: int) -> Planned:
    """What is to be measured. Raises InputError, ModelError where a context has no room or a runtime is not there."""
    settings = tuple(Setting(*one) for one in product(axes.contexts, axes.gammas, axes.batches, axes.runtimes))
    n_most = n_prompts * max(axes.batches)
    asked = {context: asked_prompts(pair, context, n_new=n_new, n_prompts=n_most) for context in axes.contexts}
    for runtime in axes.runtimes:
        with_runtime(pair, runtime)
    return Planned(settings, asked, n_new, n_prompts)


def cells(pair: Pair, plan: Planned) -> Generator[Event, None, tuple[MatrixCell, ...]]:
    """Measure every combination; yields progress."""
    floor = limits.Floor.on(pair.target)
    made = []
    for i, setting in enumerate(plan.settings):
        asked = plan.asked[setting.context][: plan.n_prompts * setting.batch]
        made.append((yield from measured(pair, setting, asked, floor, n_new=plan.n_new)))
        yield Progressed("measuring", i + 1, len(plan.settings), "cells")
    return tuple(made)


def asked_prompts(pair: Pair, context: int | None, *, n_new: int, n_prompts: int) -> Prompts:
    """Prompts of a length, cut to what leaves room for the new tokens; None: short ones. Raises InputError."""
    target = pair.target
    room = target.context - n_new
    if context is None:
        asked = prompts.held_out_prompts(target.tokenizer, n_prompts)
        context = max(map(len, asked))
    else:
        asked = prompts.prompts_of_length(target.tokenizer, n_prompts, max(1, min(context, room)))
    if context > target.context:
        raise InputError(f"context {context}: {target.spec} reads {target.context}", f"use at most {target.context}")
    if room < 1 or max(map(len, asked)) > room:
        reason = f"max-new-tokens = {n_new}: {target.spec} has room for {target.context - context}"
        raise InputError(reason, "use fewer new tokens")
    return asked


def with_runtime(pair: Pair, choice: RuntimeChoice) -> Pair:
    """The same weights on another runtime. Raises ModelError where a model has none such."""
    small = pair.drafter
    return Pair(_on(pair.target, choice), None if small is None else _on(small, choice))


def _on(loaded: LoadedModel, choice: RuntimeChoice) -> LoadedModel:
    if choice == "modules":
        # Fused weights leave the modules working, and whatever else a runtime keeps is its own.
        plain = {name: value for name, value in LoadedModel._field_defaults.items() if name != "note"}
        return loading.on_runtime(loaded._replace(**plain), choice)
    if choice == "fused-eager" and loaded.fused is not None:
        return loaded._replace(static=None)
    return loaded if loaded.fused is not None else loading.on_runtime(loaded._replace(why_modules=""), choice)


def four_systems(pair: Pair, *, gamma: int, n_new: int) -> dict[str, System]:
    """Ours and transformers', plain and drafted."""
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
    pair: Pair, setting: Setting, asked: Prompts, floor: limits.Floor, *, n_new: int
) -> Generator[Event, None, MatrixCell]:
    """One cell; each block is a prompt, or as many as are decoded together."""
    chosen = with_runtime(pair, setting.runtime)
    if setting.batch > 1:
        return (yield from _together(chosen, setting, asked, n_new=n_new))
    made = four_systems(chosen, gamma=setting.gamma, n_new=n_new)
    for system in made.values():
        system(asked[0])
    n_prompt = max(map(len, asked))
    least: list[float] = []
    calls = yield from blocks.interleave(made, asked, lambda: least.extend(_least(floor, n_prompt + n_new // 2)))
    return _with_limit(_cell(chosen, setting, calls, n_prompt=n_prompt), calls, least, floor.kind)


def _together(pair: Pair, setting: Setting, asked: Prompts, *, n_new: int) -> Generator[Event, None, MatrixCell]:
    """A cell of several sequences at once, each group of prompts cut to one length, as `generate` would pad them."""
    made: dict[str, BatchSystem] = {
        PLAIN: systems.ours_together(pair, gamma=0, n_new=n_new),
        SPECULATIVE: systems.ours_together(pair, gamma=setting.gamma, n_new=n_new),
        THEIR_PLAIN: systems.transformers_together(pair.target.model, n_new=n_new),
    }
    groups = [_cut(asked[start : start + setting.batch]) for start in range(0, len(asked), setting.batch)]
    for system in made.values():
        system(groups[0])
    calls = yield from blocks.interleave(made, groups)
    return _cell(pair, setting, calls, n_prompt=max(len(group[0]) for group in groups))


def _cut(group: Prompts) -> Prompts:
    length = min(map(len, group))
    return [prompt[:length] for prompt in group]


def _least(floor: limits.Floor, n_context: int) -> Iterator[float]:
    ms = floor.step_ms(n_context)
    if ms is not None:
        yield ms


def _with_limit(cell: MatrixCell, calls: Calls, least: list[float], limit: str) -> MatrixCell:
    """The cell with what its plain step is held against, where that is known."""
    if not least:
        return cell
    steps = map(blocks.decode_ms, calls[PLAIN])
    share = median(ms / step for ms, step in zip(least, steps, strict=True))
    return replace(cell, predicted_ms=median(least), fraction_of_limit=share, limit=limit)


def _cell(pair: Pair, setting: Setting, calls: Calls, *, n_prompt: int) -> MatrixCell:
    assert pair.drafter is not None
    ratios = blocks.wall_ratios(calls[THEIR_ASSISTED], calls[SPECULATIVE]) if THEIR_ASSISTED in calls else []
    plain_ratios = blocks.wall_ratios(calls[THEIR_PLAIN], calls[PLAIN])
    speedups = blocks.decode_ratios(calls[PLAIN], calls[SPECULATIVE])
    alpha, alpha_ci = blocks.alpha(calls[SPECULATIVE])
    return MatrixCell(
        context=setting.context,
        n_prompt=n_prompt,
        gamma=setting.gamma,
        batch=setting.batch,
        runtime=pair.target.runtime,
        drafter_runtime=pair.drafter.runtime,
        ms_per_token={name: median(map(blocks.wall_ms, calls[name])) if name in calls else None for name in SYSTEMS},
        ratio_vs_transformers=median(ratios) if ratios else None,
        ratio_ci=speed_model.median_interval(ratios),
        plain_ratio=median(plain_ratios),
        plain_ratio_ci=speed_model.median_interval(plain_ratios),
        same_tokens=blocks.same_ids(calls),
        alpha=alpha,
        alpha_ci=alpha_ci,
        tau=blocks.tau(calls[SPECULATIVE]),
        speedup=median(speedups),
        speedup_ci=speed_model.median_interval(speedups),
        step_ms=setting.batch * median(map(blocks.decode_ms, calls[PLAIN])),
    )
