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
_LARGEST_BATCH = 256
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
    config = _greedy_config(settings, "bench decode")
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


@with_options(SpeculativeConfig, hidden=_FIXED)
def bench_batch(
    *,
    pair: PairOptions,
    settings: Settings,
    batches: Annotated[str, typer.Option(help="how many sequences together, separated by commas")] = "1,2,4,8",
    blocks: Annotated[int, typer.Option(help="timed pairs of blocks a batch size")] = 5,
    json: Json = False,
) -> int:
    """What decoding several sequences together does to the speedup: speculative batches against plain ones."""
    output = Output(json=json)
    config = _greedy_config(settings, "bench batch")
    sizes = _sizes(batches)
    if blocks < 1:
        raise InputError(f"blocks = {blocks}: must be >= 1", "5 give a useful interval")
    from engine.bench.batch import BatchBench, bench
    from engine.cli.running import loaded_session

    models = loaded_session(pair, output).models
    if models is None or models.drafter is None:
        raise InputError(f"{pair.drafter} is not a model", "bench batch drafts with a model: name a drafter model")
    for item in bench(models, batches=sizes, gamma=config.gamma, n_new=config.max_new_tokens, n_blocks=blocks):
        if isinstance(item, BatchBench):
            output.summary(msgspec.to_builtins(item))
        else:
            output.event(item)
    return OK


def _greedy_config(settings: Settings, command: str) -> SpeculativeConfig:
    """The settings of a benchmark of greedy decoding. Raises InputError where they ask for sampling."""
    warped = [name for name in _GREEDY if settings[name] != getattr(SpeculativeConfig(), name)]
    if warped:
        option = warped[0].replace("_", "-")
        raise InputError(f"--{option}: {command} compares greedy decoding", f"leave --{option} out")
    return make_config(SpeculativeConfig, settings)


def _sizes(batches: str) -> tuple[int, ...]:
    """The batch sizes of an option such as 1,2,4. Raises InputError."""
    parts = [part.strip() for part in batches.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= _LARGEST_BATCH for part in parts):
        reason = f"batches = {batches}: must be numbers from 1 to {_LARGEST_BATCH}"
        raise InputError(reason, "write them with commas, such as 1,2,4,8")
    return tuple(map(int, parts))


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
