"""Ours against transformers in one process: same pair, prompts, draft length and threads, interleaved."""

import math
import time
from collections.abc import Generator, Iterator, Sequence
from statistics import median

import msgspec
import torch
from torch.nn import functional

from engine import machine, speed_model
from engine.bench import limits, prompts, systems
from engine.bench.limits import Bare
from engine.bench.systems import Call, System
from engine.drafters.prompt_lookup import PromptLookupDrafter
from engine.errors import InputError
from engine.events import Event, Progressed, RoundFinished, RuntimeName
from engine.models import LoadedModel, Pair
from engine.speed_model import Interval

_N_LOOKUP_PROMPTS = 5
_N_PROSE = 40
_PROMPTS_FOR_INTERVAL = 8
PLAIN, SPECULATIVE = "ours_plain", "ours_speculative"
THEIR_PLAIN, THEIR_ASSISTED = "transformers_plain", "transformers_assisted"


class DecodeBench(msgspec.Struct, frozen=True):
    """What was measured. ms_per_token: wall time of whole calls, prefill included, over new tokens; medians.

    Ratios above 1 mean ours is faster; intervals are bootstraps over prompts. runtime, drafter_runtime: what computed
    our forwards. matrix_ms: the matrix products of a plain step alone, in the form our forward uses; library_matrix_ms:
    as the library multiplies a row; plain_over_matrices: our plain decoding over the former; all None where the target
    is not fused."""

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
    perplexity: float
    drafter_perplexity: float
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


def bench(pair: Pair, *, gamma: int, n_new: int, n_prompts: int) -> Iterator[Event | DecodeBench]:
    """Yield progress, and last the result. Every prompt runs on all four systems, in an order that rotates."""
    started = time.perf_counter()
    target, small = pair.target, pair.drafter
    assert small is not None
    drafter = systems.small_model_drafter(target, small)
    made = {
        PLAIN: systems.ours(target, None, gamma=0, n_new=n_new),
        SPECULATIVE: systems.ours(target, drafter, gamma=gamma, n_new=n_new),
        THEIR_PLAIN: systems.transformers_generate(target.model, None, gamma=gamma, n_new=n_new),
        THEIR_ASSISTED: systems.transformers_generate(target.model, small.model, gamma=gamma, n_new=n_new),
    }
    asked = prompts.held_out_prompts(target.tokenizer, n_prompts)
    room = target.context - max(map(len, asked))
    if n_new > room:
        raise InputError(f"max-new-tokens = {n_new}: {target.spec} has room for {room}", f"use --max-new-tokens {room}")
    for system in made.values():
        system(asked[0][:8])
    calls, bare = yield from _interleave(made, asked, target)
    lookup = systems.ours(target, PromptLookupDrafter(3, device=target.device), gamma=gamma, n_new=n_new)
    lookup_calls = [lookup(prompt) for prompt in asked[:_N_LOOKUP_PROMPTS]]
    perplexities = perplexity(target), perplexity(small)
    seconds = time.perf_counter() - started
    yield _result(calls, bare, lookup_calls, perplexities, pair, gamma=gamma, n_new=n_new, seconds=seconds)


def _interleave(
    made: dict[str, System], asked: Sequence[Sequence[int]], target: LoadedModel
) -> Generator[Event, None, tuple[dict[str, list[Call]], list[Bare]]]:
    """The calls of every system and, beside each prompt, the time of the target's bare matrix products."""
    calls: dict[str, list[Call]] = {name: [] for name in made}
    bare: list[Bare] = []
    names = list(made)
    for i, prompt in enumerate(asked):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            calls[name].append(made[name](prompt))
        if target.fused is not None:
            bare.append(limits.matrices(target.fused))
        yield Progressed("measuring", i + 1, len(asked), "prompts")
    return calls, bare


def _result(
    calls: dict[str, list[Call]],
    bare: Sequence[Bare],
    lookup_calls: list[Call],
    perplexities: tuple[float, float],
    pair: Pair,
    *,
    gamma: int,
    n_new: int,
    seconds: float,
) -> DecodeBench:
    ours, target = calls[SPECULATIVE], pair.target
    assert pair.drafter is not None
    over = [call.wall_ms / len(call.ids) / limit.ms for call, limit in zip(calls[PLAIN], bare, strict=False)]
    ratios = _ratios(calls[THEIR_ASSISTED], ours)
    plain_ratios = _ratios(calls[THEIR_PLAIN], calls[PLAIN])
    speedups = [_decode(plain) / _decode(fast) for plain, fast in zip(calls[PLAIN], ours, strict=True)]
    alpha, alpha_ci = acceptance(ours)
    return DecodeBench(
        ms_per_token={name: median(call.wall_ms / len(call.ids) for call in made) for name, made in calls.items()},
        ratio_vs_transformers=median(ratios),
        ratio_ci=speed_model.median_interval(ratios),
        plain_ratio=median(plain_ratios),
        plain_ratio_ci=speed_model.median_interval(plain_ratios),
        same_tokens=all(len({call.ids for call in row}) == 1 for row in zip(*calls.values(), strict=True)),
        alpha=alpha,
        alpha_ci=alpha_ci,
        speedup=median(speedups),
        speedup_ci=speed_model.median_interval(speedups),
        tau=sum(len(call.ids) for call in ours) / sum(len(call.rounds) for call in ours),
        n_prompts=len(ours),
        repeated_4grams=sum(_repeated_4grams(call.ids) for call in ours) / len(ours),
        lookup_alpha=acceptance(lookup_calls)[0],
        perplexity=perplexities[0],
        drafter_perplexity=perplexities[1],
        gamma=gamma,
        max_new_tokens=n_new,
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        n_threads=torch.get_num_threads(),
        processor=machine.processor(),
        versions=dict(machine.versions()),
        measured_utc=machine.now_utc(),
        seconds=seconds,
        runtime=target.runtime,
        drafter_runtime=pair.drafter.runtime,
        matrix_ms=median(limit.ms for limit in bare) if bare else None,
        library_matrix_ms=median(limit.library_ms for limit in bare) if bare else None,
        plain_over_matrices=median(over) if over else None,
    )


def _decode(call: Call) -> float:
    assert call.decode_ms is not None
    return call.decode_ms / len(call.ids)


def _ratios(theirs: Sequence[Call], ours: Sequence[Call]) -> list[float]:
    return [their.wall_ms / our.wall_ms for their, our in zip(theirs, ours, strict=True)]


def acceptance(calls: Sequence[Call]) -> tuple[float, Interval | None]:
    """Acceptance rate over all prompts, and its bootstrap interval: over prompts from 8 on, over rounds below."""
    if len(calls) >= _PROMPTS_FOR_INTERVAL:
        counts = [_tested(call.rounds) for call in calls]
    else:
        counts = [_tested([one]) for call in calls for one in call.rounds]
    accepted, tested = [a for a, _ in counts], [t for _, t in counts]
    interval = speed_model.ratio_interval(accepted, tested, [1] * len(counts))
    return sum(accepted) / max(1, sum(tested)), interval


def _tested(rounds: Sequence[RoundFinished]) -> tuple[int, int]:
    fates = [token.fate for one in rounds for token in one.proposed]
    return fates.count("accepted"), fates.count("accepted") + fates.count("rejected")


def _repeated_4grams(ids: Sequence[int]) -> float:
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
