"""Runs many rounds on one engine behind its host and measures the memory that they leave behind."""

import gc
from collections.abc import Iterator, Sequence

import msgspec
import psutil
import torch
from msgspec.structs import replace

from engine.bench.hosted import HostedPair
from engine.events import Event, HostKind, Progressed, RoundFinished, RuntimeName
from engine.methods.speculative.config import SpeculativeConfig

# Caches of libraries and of the allocator fill in the first runs.
_WARM_SHARE = 0.2


class Endurance(msgspec.Struct, frozen=True):
    """Growth from the end of the run that completes the first fifth of the rounds to the end of all.

    growth_rounds: rounds between the two, at least those of one run.
    rss: memory of the process; tensor, object: what Python holds between two runs; gpu: allocated, null without one."""

    rounds: int
    growth_rounds: int
    runs: int
    tokens: int
    rss_bytes: int
    rss_growth_bytes: int
    tensor_growth_bytes: int
    tensor_growth: int
    object_growth: int
    gpu_growth_bytes: int | None
    engine: HostKind
    runtime: RuntimeName


class Held(msgspec.Struct, frozen=True):
    """Memory and objects that this process holds now."""

    rss_bytes: int
    tensor_bytes: int
    tensors: int
    objects: int
    gpu_bytes: int | None


def held() -> Held:
    """Collect garbage and count what is left."""
    gc.collect()
    objects = gc.get_objects()
    tensors = [candidate for candidate in objects if issubclass(type(candidate), torch.Tensor)]
    return Held(
        rss_bytes=psutil.Process().memory_info().rss,
        tensor_bytes=sum(tensor.nbytes for tensor in tensors),
        tensors=len(tensors),
        objects=len(objects),
        gpu_bytes=torch.cuda.memory_allocated() if torch.cuda.is_available() else None,
    )


def endure(
    pair: HostedPair, prompts: Sequence[Sequence[int]], config: SpeculativeConfig, *, n_rounds: int
) -> Iterator[Event | Endurance]:
    """Yield progress, then the verdict. A run ends only by itself, and each has its own seed."""
    warm_use: Held | None = None
    n_done = n_warm = runs = tokens = 0
    while n_done < n_rounds or warm_use is None or n_done == n_warm:
        run_config = replace(config, seed=config.seed + runs)
        for event in pair.run("speculative", run_config, prompts[runs % len(prompts)]):
            if isinstance(event, RoundFinished):
                n_done, tokens = n_done + 1, tokens + len(event.emitted)
        runs += 1
        if warm_use is None and n_done >= _WARM_SHARE * n_rounds:
            pair.settle()
            warm_use, n_warm = held(), n_done
        yield Progressed("measuring", min(n_done, n_rounds), n_rounds, "rounds")
    pair.settle()
    yield _verdict(pair, warm_use, held(), rounds=n_done, growth_rounds=n_done - n_warm, runs=runs, tokens=tokens)


def _verdict(
    pair: HostedPair, warm: Held, end: Held, *, rounds: int, growth_rounds: int, runs: int, tokens: int
) -> Endurance:
    gpu_growth = None if end.gpu_bytes is None else end.gpu_bytes - (warm.gpu_bytes or 0)
    return Endurance(
        rounds=rounds,
        growth_rounds=growth_rounds,
        runs=runs,
        tokens=tokens,
        rss_bytes=end.rss_bytes,
        rss_growth_bytes=end.rss_bytes - warm.rss_bytes,
        tensor_growth_bytes=end.tensor_bytes - warm.tensor_bytes,
        tensor_growth=end.tensors - warm.tensors,
        object_growth=end.objects - warm.objects,
        gpu_growth_bytes=gpu_growth,
        engine=pair.engine,
        runtime=pair.loaded.runtime,
    )
