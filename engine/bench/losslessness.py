"""Checks that drafting changes nothing: equal greedy tokens, and an equal distribution when sampling.

Texts come from an engine's events, on either host. The expected distribution is the target's own, computed exactly and
separately; speculative samples are compared with it and so, as a yardstick, are as many samples drawn directly."""

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
import torch
from msgspec.structs import replace
from scipy.stats import chisquare

from engine.bench.hosted import HostedPair
from engine.decoding import sampling
from engine.events import Event, HostKind, Progressed, RuntimeName
from engine.methods.plain.config import PlainConfig
from engine.methods.speculative.config import SpeculativeConfig
from engine.models.loading import LoadedModel
from engine.runtime import ruled_text, warp_of
from engine.settings import AcceptRule, make_config

Path: TypeAlias = tuple[int, ...]
_GAMMA, _DEPTH = 2, 3
_LEAST_EXPECTED = 5.0
_OPENING_LENGTHS = (1, 2, 3, 5, 8)
_GREEDY_GAMMAS = (1, 4, 16)


class Losslessness(msgspec.Struct, frozen=True):
    """The verdict on the texts of `engine`, computed by `runtime` and accepted by the rule `accept`.

    sampling_p_value: smallest p-value of the chi-square tests times their number, at most 1.
    sampling_tv: total variation of the first three tokens' joint distribution from the exact one over the pooled cells;
    sampling_tv_null: the same for as many samples drawn directly."""

    greedy_equal: bool
    first_divergence: int | None
    sampling_p_value: float
    sampling_tv: float
    sampling_tv_null: float
    n_samples: int
    n_cells: int
    n_prompts: int
    engine: HostKind
    runtime: RuntimeName
    drafter_runtime: RuntimeName | None
    accept: AcceptRule = "token"


class _Test(NamedTuple):
    p_value: float
    tv: float
    tv_null: float
    n_cells: int


def check(
    pair: HostedPair,
    target: LoadedModel,
    prompts: Sequence[Sequence[int]],
    config: SpeculativeConfig,
    *,
    n_samples: int,
) -> Iterator[Event | Losslessness]:
    """Yield progress, then the verdict; the same seed gives the same verdict. target: the pair's.

    Greedy texts are compared at the config's gamma among others; samples are drawn with its warping, at temperature 1
    where it is greedy, and always at gamma 2."""
    divergence = yield from _first_divergence(pair, prompts, config)
    sampled = replace(config, temperature=config.temperature or 1.0)
    with torch.inference_mode():
        opening = _richest_opening(target, prompts, sampled, least=_LEAST_EXPECTED / n_samples)
    samples = yield from _samples(pair, opening, sampled, n_samples)
    with torch.inference_mode():
        tests = [_test(target, opening, sampled, samples, depth=depth) for depth in (1, _DEPTH)]
    yield Losslessness(
        greedy_equal=divergence is None,
        first_divergence=divergence,
        sampling_p_value=min(1.0, len(tests) * min(test.p_value for test in tests)),
        sampling_tv=tests[-1].tv,
        sampling_tv_null=tests[-1].tv_null,
        n_samples=n_samples,
        n_cells=tests[-1].n_cells,
        n_prompts=len(prompts),
        engine=pair.engine,
        runtime=pair.loaded.runtime,
        drafter_runtime=pair.loaded.drafter_runtime,
        accept=config.accept,
    )


def _first_divergence(
    pair: HostedPair, prompts: Sequence[Sequence[int]], config: SpeculativeConfig
) -> Generator[Event, None, int | None]:
    """Index of the first token that differs from plain decoding, at any draft length; None where none does."""
    rules = {"generation_rules": config.generation_rules, "repetition_penalty": config.repetition_penalty}
    shared = {"max_new_tokens": config.max_new_tokens, "stop_at_end": False, **rules}
    greedy_config = make_config(
        SpeculativeConfig, {**shared, "baseline": False, "tree": config.tree, "accept": config.accept}
    )
    plain_config = make_config(PlainConfig, shared)
    for index, prompt in enumerate(prompts):
        plain = pair.ids("plain", plain_config, prompt)
        for gamma in [config.gamma] if config.tree else sorted({*_GREEDY_GAMMAS, config.gamma}):
            ids = pair.ids("speculative", replace(greedy_config, gamma=gamma), prompt)
            if ids != plain:
                return next(i for i, (a, b) in enumerate(zip_longest(ids, plain)) if a != b)
        yield Progressed("checking", index + 1, len(prompts), "prompts")
    return None


def _richest_opening(
    target: LoadedModel, prompts: Sequence[Sequence[int]], config: SpeculativeConfig, *, least: float
) -> Sequence[int]:
    """The start of a prompt after which the most paths are likely enough to count: there the test is strongest."""
    openings = [prompt[:n] for prompt in prompts for n in _OPENING_LENGTHS if n <= len(prompt)]
    return max(openings, key=lambda ids: len(_likely_paths(target, ids, config, depth=_DEPTH, least=least)))


def _samples(
    pair: HostedPair, prompt: Sequence[int], config: SpeculativeConfig, n_samples: int
) -> Generator[Event, None, list[Path]]:
    """The first three tokens of n speculative runs at gamma 2, each with its own seed."""
    short = replace(config, gamma=_GAMMA, max_new_tokens=_DEPTH, stop_at_end=False, baseline=False)
    seeds = np.random.default_rng(config.seed).integers(2**53, size=n_samples)
    paths: list[Path] = []
    for seed in seeds.tolist():
        paths.append(pair.ids("speculative", replace(short, seed=seed), prompt))
        if len(paths) % 100 == 0:
            yield Progressed("checking", len(paths), n_samples, "samples")
    return paths


def _test(
    target: LoadedModel, prompt: Sequence[int], config: SpeculativeConfig, samples: Sequence[Path], *, depth: int
) -> _Test:
    """Chi-square of the first `depth` tokens against the exact distribution, rare paths pooled."""
    n = len(samples)
    expected = _likely_paths(target, prompt, config, depth=depth, least=_LEAST_EXPECTED / n)
    probs = np.array([*expected.values(), max(0.0, 1.0 - sum(expected.values()))])
    occurrences = Counter(sample[:depth] for sample in samples)
    counts = np.array([*(occurrences[path] for path in expected), 0], dtype=np.float64)
    counts[-1] = n - counts.sum()
    probs, counts = _pool(probs, counts, least=_LEAST_EXPECTED / n)
    direct = np.random.default_rng(config.seed).multinomial(n, probs / probs.sum())
    p_value = chisquare(counts, n * probs / probs.sum()).pvalue if len(probs) > 1 else 1.0
    return _Test(float(p_value), _tv(counts / n, probs), _tv(direct / n, probs), len(probs))


def _pool(
    probs: "np.typing.NDArray[np.float64]", counts: "np.typing.NDArray[np.float64]", *, least: float
) -> tuple["np.typing.NDArray[np.float64]", "np.typing.NDArray[np.float64]"]:
    """Merge the rest into the rarest cell where the rest alone is too rarely expected."""
    if len(probs) > 1 and probs[-1] < least:
        rarest = int(np.argmin(probs[:-1]))
        probs[rarest] += probs[-1]
        counts[rarest] += counts[-1]
        return probs[:-1], counts[:-1]
    return probs, counts


def _tv(a: "np.typing.NDArray[np.float64]", b: "np.typing.NDArray[np.float64]") -> float:
    return float(np.abs(a - b).sum() / 2)


def _likely_paths(
    target: LoadedModel, prompt: Sequence[int], config: SpeculativeConfig, *, depth: int, least: float
) -> dict[Path, float]:
    """Every path of `depth` tokens whose exact probability under the target is at least `least`."""
    paths: dict[Path, float] = {(): 1.0}
    warp, rules = warp_of(config), ruled_text(target, config, n_most=len(prompt) + _DEPTH)
    if rules is not None:
        rules.begin(prompt)
    for _ in range(depth):
        longer: dict[Path, float] = {}
        for path, prob in paths.items():
            ids = torch.tensor([[*prompt, *path]], device=target.device)
            logits = target.model(input_ids=ids, use_cache=False).logits[0, -1]
            if rules is not None:
                drafted = torch.tensor(path, dtype=torch.int64, device=target.device)
                logits = rules.applied(logits[None].float(), drafted)[0]
            following = prob * sampling.probabilities(logits, warp).double()
            tokens = (following >= least).nonzero().squeeze(-1).tolist()
            longer |= {(*path, token): float(following[token]) for token in tokens}
        paths = longer
    return paths
