"""Many rounds on one engine behind its host, and what of memory they left behind; knows no window."""

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

    growth_rounds: how many rounds lie between, at least those of one run.
    rss: the process' memory; tensor, object: what Python holds between two runs; gpu: allocated, null without one."""

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
    """What this process holds now."""

    rss_bytes: int
    tensor_bytes: int
    tensors: int
    objects: int
    gpu_bytes: int | None


def held() -> Held:
    """Collect garbage and count what is left."""
    gc.collect()
    objects = gc.get_objects()
    tensors = [found for found in objects if issubclass(type(found), torch.Tensor)]
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
    """Yield progress, and last the verdict; runs end only where they end by themselves, seeds differ."""
    warm: Held | None = None
    done = warm_at = runs = tokens = 0
    while done < n_rounds or warm is None or done == warm_at:
        asked = replace(config, seed=config.seed + runs)
        for event in pair.run("speculative", asked, prompts[runs % len(prompts)]):
            if isinstance(event, RoundFinished):
                done, tokens = done + 1, tokens + len(event.emitted)
        runs += 1
        if warm is None and done >= _WARM_SHARE * n_rounds:
            pair.settle()
            warm, warm_at = held(), done
        yield Progressed("measuring", min(done, n_rounds), n_rounds, "rounds")
    pair.settle()
    yield _verdict(pair, warm, held(), rounds=done, growth_rounds=done - warm_at, runs=runs, tokens=tokens)


def _verdict(
    pair: HostedPair, warm: Held, end: Held, *, rounds: int, growth_rounds: int, runs: int, tokens: int
) -> Endurance:
    on_gpu = None if end.gpu_bytes is None else end.gpu_bytes - (warm.gpu_bytes or 0)
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
        gpu_growth_bytes=on_gpu,
        engine=pair.engine,
        runtime=pair.loaded.runtime,
    )
