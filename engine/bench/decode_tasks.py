"""Measures our engine against transformers on a set of prompts, task by task: plain, and drafted alike."""

import time
from collections.abc import Iterator, Sequence

import msgspec
import torch

from engine import statistics
from engine.decoding.drafting import Drafter
from engine.drafters.prompt_lookup import PromptLookupDrafter
from engine.errors import InputError
from engine.events import Event, RuntimeName
from engine.events.scaling import PLAIN, SPECULATIVE, THEIR_ASSISTED, THEIR_PLAIN
from engine.experiments.prompt_sets import PromptSet
from engine.machine import versions as machine
from engine.measuring import blocks, systems
from engine.measuring.blocks import Calls
from engine.measuring.prompts import asked_texts
from engine.measuring.systems import System
from engine.methods.speculative.config import SpeculativeConfig
from engine.models.loading import LoadedModel, Pair
from engine.statistics import Interval, RatioEstimate

ALL = "all tasks"


class TaskFigures(msgspec.Struct, frozen=True):
    """One task. ms_per_token: wall time of whole calls, prefill included, over new tokens, by system.

    Above 1, each quotient means that ours is faster: plain_ratio than plain `generate`, drafted_ratio than `generate`
    with the same kind of drafter, speedup than our own plain decoding. Intervals are over prompts, from ten on; ranges:
    the smallest and the largest prompt. same_tokens: whether all systems wrote the same texts."""

    task: str
    n_prompts: int
    ms_per_token: dict[str, float]
    plain_ratio: float
    plain_ratio_ci: Interval | None
    plain_ratio_range: Interval | None
    drafted_ratio: float | None
    drafted_ratio_ci: Interval | None
    drafted_ratio_range: Interval | None
    speedup: float
    speedup_ci: Interval | None
    speedup_range: Interval | None
    alpha: float
    tau: float
    same_tokens: bool


class TasksBench(msgspec.Struct, frozen=True):
    """Results of `bench decode` on a set of prompts: the tasks, and all of them together as the last.

    chat: whether the prompts were asked through the target's chat template."""

    tasks: tuple[TaskFigures, ...]
    prompt_set: str
    target: str
    drafter: str
    gamma: int
    max_new_tokens: int
    device: str
    dtype: str
    runtime: RuntimeName
    n_threads: int
    processor: str
    versions: dict[str, str]
    measured_utc: str
    seconds: float
    cautions: tuple[str, ...] = ()
    chat: bool = False


def bench(
    pair: Pair, drafter: Drafter, spec: str, prompt_set: PromptSet, config: SpeculativeConfig
) -> Iterator[Event | TasksBench]:
    """Yield progress, then the result; every prompt runs on all systems, in rotating order. Raises InputError."""
    started, target = time.perf_counter(), pair.target
    gamma, n_new = config.gamma, config.max_new_tokens
    prompt_ids, as_chat = asked_texts(target, [prompt.turns[0] for prompt in prompt_set.prompts], config)
    _refuse_too_long(target, prompt_ids, n_new)
    decoders = _systems(pair, drafter, gamma=gamma, n_new=n_new)
    for decoder in decoders.values():
        decoder(prompt_ids[0][:8])
    calls, cautions = yield from blocks.noting(blocks.interleave(decoders, prompt_ids))
    tasks = [prompt.category for prompt in prompt_set.prompts]
    yield TasksBench(
        tasks=tuple(_figures(task, calls, tasks) for task in (*dict.fromkeys(tasks), ALL)),
        prompt_set=prompt_set.name,
        target=target.spec,
        drafter=spec,
        gamma=gamma,
        max_new_tokens=n_new,
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        runtime=target.runtime,
        n_threads=torch.get_num_threads(),
        processor=machine.processor(target.device),
        versions=dict(machine.versions()),
        measured_utc=machine.now_utc(),
        seconds=time.perf_counter() - started,
        cautions=cautions,
        chat=as_chat,
    )


def table(result: TasksBench) -> list[tuple[str, ...]]:
    """The tasks as rows of text, header first."""
    header = ("task", "prompts", "ours plain", "ours drafted", "theirs plain", "theirs drafted",
              "plain ratio", "drafted ratio", "speedup", "alpha", "same text")  # fmt: skip
    return [header, *map(_row, result.tasks)]


def _row(figures: TaskFigures) -> tuple[str, ...]:
    ms = [figures.ms_per_token.get(name) for name in (PLAIN, SPECULATIVE, THEIR_PLAIN, THEIR_ASSISTED)]
    times = ("-" if value is None else f"{value:.1f} ms" for value in ms)
    ratios = (figures.plain_ratio, figures.drafted_ratio, figures.speedup)
    shown = ("-" if value is None else f"{value:.2f}" for value in ratios)
    same = "yes" if figures.same_tokens else "no"
    return (figures.task, str(figures.n_prompts), *times, *shown, f"{figures.alpha:.2f}", same)


def _refuse_too_long(target: LoadedModel, prompt_ids: Sequence[Sequence[int]], n_new: int) -> None:
    longest = max(map(len, prompt_ids))
    if longest + n_new > target.context:
        reason = f"a prompt of {longest} tokens and {n_new} new ones: {target.spec} reads {target.context}"
        raise InputError(reason, "use fewer new tokens or shorter prompts")


def _systems(pair: Pair, drafter: Drafter, *, gamma: int, n_new: int) -> dict[str, System]:
    """Ours and theirs, plain and drafted; theirs drafts where it has a drafter of the same kind."""
    target, small = pair
    decoders = {
        PLAIN: systems.ours(target, None, gamma=0, n_new=n_new),
        SPECULATIVE: systems.ours(target, drafter, gamma=gamma, n_new=n_new),
        THEIR_PLAIN: systems.transformers_generate(target.model, None, gamma=gamma, n_new=n_new),
    }
    if small is not None:
        theirs = systems.transformers_generate(target.model, small.model, gamma=gamma, n_new=n_new)
        decoders[THEIR_ASSISTED] = theirs
    elif isinstance(drafter, PromptLookupDrafter):
        decoders[THEIR_ASSISTED] = systems.transformers_lookup(target.model, gamma=gamma, n_new=n_new)
    return decoders


def _figures(task: str, calls: Calls, tasks: Sequence[str]) -> TaskFigures:
    chosen = {
        name: [call for call, of in zip(row, tasks, strict=True) if task in (of, ALL)] for name, row in calls.items()
    }
    walls = {name: blocks.whole_calls(row) for name, row in chosen.items()}
    plain, speedup = (statistics.speedup(walls[a], walls[b]) for a, b in ((THEIR_PLAIN, PLAIN), (PLAIN, SPECULATIVE)))
    drafted: RatioEstimate | None = None
    if THEIR_ASSISTED in walls:
        drafted = statistics.speedup(walls[THEIR_ASSISTED], walls[SPECULATIVE])
    return TaskFigures(
        task=task,
        n_prompts=len(walls[PLAIN]),
        ms_per_token={name: statistics.ms_per_token(units) for name, units in walls.items()},
        plain_ratio=plain.value,
        plain_ratio_ci=plain.ci,
        plain_ratio_range=plain.range,
        drafted_ratio=None if drafted is None else drafted.value,
        drafted_ratio_ci=None if drafted is None else drafted.ci,
        drafted_ratio_range=None if drafted is None else drafted.range,
        speedup=speedup.value,
        speedup_ci=speedup.ci,
        speedup_range=speedup.range,
        alpha=blocks.alpha(chosen[SPECULATIVE])[0],
        tau=blocks.tau(chosen[SPECULATIVE]),
        same_tokens=blocks.same_ids(chosen),
    )
