"""`draftscope bench`: measurements against peers."""

from typing import Annotated

import msgspec
import typer

from engine.cli import OK
from engine.cli.options import Json, PairOptions, Settings, with_options
from engine.cli.output import Output
from engine.errors import InputError
from engine.method import make_config
from engine.methods.speculative.config import SpeculativeConfig

_FIXED = ("stop_at_end", "baseline", "repeats")
_GREEDY = ("temperature", "top_k", "top_p", "min_p")


@with_options(SpeculativeConfig, hidden=_FIXED)
def bench_decode(
    *,
    pair: PairOptions,
    settings: Settings,
    prompts: Annotated[int, typer.Option(help="held-out prompts of the built-in world")] = 20,
    json: Json = False,
) -> int:
    """Ours against transformers, plain and assisted: same pair, prompts, draft length, process and threads."""
    output = Output(json=json)
    config = make_config(SpeculativeConfig, settings)
    warped = [name for name in _GREEDY if settings[name] != getattr(SpeculativeConfig(), name)]
    if warped:
        option = warped[0].replace("_", "-")
        raise InputError(f"--{option}: bench decode compares greedy decoding", f"leave --{option} out")
    if prompts < 1:
        raise InputError(f"prompts = {prompts}: must be >= 1", "20 give a useful interval")
    from engine.bench.decode import DecodeBench, bench
    from engine.cli.running import loaded_session

    models = loaded_session(pair, output).models
    if models is None or models.drafter is None:
        raise InputError(
            f"{pair.drafter} is not a model", "bench decode compares assisted decoding: name a drafter model"
        )
    for item in bench(models, gamma=config.gamma, n_new=config.max_new_tokens, n_prompts=prompts):
        if isinstance(item, DecodeBench):
            output.summary(msgspec.to_builtins(item))
        else:
            output.event(item)
    return OK


def bench_ui() -> int:
    """The window under a stream: frames, stalls, what drawing costs the engine; run as `draftscope bench ui`."""
    raise InputError("bench ui measures the window, which the engine knows nothing of", "run draftscope bench ui")


def bench_index(
    *,
    passages: Annotated[int, typer.Option(help="made-up passages that are searched")] = 100_000,
    files: Annotated[int, typer.Option(help="files that are indexed and embedded")] = 40,
    pairs: Annotated[int, typer.Option(help="of an indexing and a bare embedding")] = 5,
    json: Json = False,
) -> int:
    """Indexing against the embedder's bare speed, and how long a search over many passages takes."""
    if passages < 1_000 or files < 1 or pairs < 1:
        reason = f"passages = {passages}, files = {files}, pairs = {pairs}: too few"
        raise InputError(reason, "use at least 1000 passages, 1 file and 1 pair")
    from engine.bench.index import IndexBench, bench

    output = Output(json=json)
    for item in bench(n_chunks=passages, n_files=files, pairs=pairs):
        if isinstance(item, IndexBench):
            output.summary(msgspec.to_builtins(item))
        else:
            output.event(item)
    return OK
