"""`draftscope bench`: measurements against peers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import (
    MOST,
    Json,
    NoSave,
    Out,
    PairOptions,
    Settings,
    decimal,
    numbers,
    refuse_above,
    refuse_minutes,
    whole_number,
    with_options,
)
from engine.cli.output import Output, Value
from engine.cli.running import loaded_session
from engine.errors import InputError
from engine.events import Event, Setting, Warned
from engine.machine.file_kinds import refuse_irregular
from engine.methods.speculative.config import SpeculativeConfig
from engine.reports import writing
from engine.settings import make_config

if TYPE_CHECKING:
    from engine.measuring.matrix import Axes
    from engine.session.session import Session

FIXED = ("stop_at_end", "baseline", "repeats", "tree", "accept")
CHAT = ("chat", "system")
_LARGEST_BATCH = 256
_MOST_PROMPTS = 10_000
_MOST_README_BYTES = 4 << 20
GREEDY = ("temperature", "top_k", "top_p", "min_p")
_LISTED = "separated by commas; each combination is a cell of the summary's `cells`"


@with_options(SpeculativeConfig, hidden=FIXED)
def bench_decode(
    *,
    pair: PairOptions,
    settings: Settings,
    prompts: Annotated[
        str,
        typer.Option(
            help="how many held-out prompts of the built-in world, in each cell too; or a set measured task by task, "
            "with any drafter: english, english:TASK, builtin, builtin:TASK or a file as in compare"
        ),
    ] = "20",
    n_prompts: Annotated[int, typer.Option(help="prompts of a set at most, evenly over tasks; 0 for all")] = 0,
    contexts: Annotated[str, typer.Option(help=f"prompt lengths {_LISTED}")] = "",
    gammas: Annotated[str, typer.Option(help=f"draft lengths {_LISTED}")] = "",
    batches: Annotated[str, typer.Option(help=f"how many sequences at once, {_LISTED}")] = "",
    runtimes: Annotated[str, typer.Option(help=f"fused, modules, {_LISTED}")] = "",
    out: Out = None,
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Compare ours with transformers, plain and assisted: same pair, prompts, draft length, process and threads."""
    output = Output(json=json, out=out)
    config = make_config(SpeculativeConfig, settings)
    refuse_sampling("bench decode", settings)
    if not _is_number(prompts):
        return _bench_tasks(pair, config, prompts, n_prompts=n_prompts, saving=Saving(no_save), output=output)
    count = whole_number(prompts)
    if not count or count > _MOST_PROMPTS:
        reason = f"prompts = {prompts[:80]}: must be from 1 to {_MOST_PROMPTS:,}"
        raise InputError(reason, "20 give a useful interval")
    axes = _axes(config.gamma, pair.runtime, contexts=contexts, gammas=gammas, batches=batches, runtimes=runtimes)
    from engine.bench.decode import DecodeBench, bench

    session = drafted_session("bench decode", pair, output)
    fixed = (("gamma", config.gamma), ("max_new_tokens", config.max_new_tokens), ("n_prompts", count))
    with _kept("bench decode", session, fixed, Saving(no_save), output) as kept:
        models = session.models
        assert models is not None
        lengths = {"gamma": config.gamma, "n_new": config.max_new_tokens, "n_prompts": count}
        for item in bench(models, **lengths, axes=axes, asked=config):
            if isinstance(item, DecodeBench):
                _sum_up(msgspec.to_builtins(item), kept, output)
            else:
                _show(item, output)
    return OK


def _show(event: Event, output: Output) -> None:
    """Print an event, and a warning also for people."""
    output.event(event)
    if isinstance(event, Warned):
        output.note(f"warning: {event.message}; {event.hint}")


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _bench_tasks(
    pair: PairOptions, config: SpeculativeConfig, prompts: str, *, n_prompts: int, saving: Saving, output: Output
) -> int:
    """Measure a set of prompts task by task. Raises InputError."""
    from engine.experiments import prompt_sets

    prompt_set = prompt_sets.read(prompts, n=n_prompts)
    session = loaded_session(pair, output)
    if session.models is None or session.drafter is None:
        raise InputError("there is no drafter to measure", "name one with --drafter, for instance lookup")
    from engine.bench import decode_tasks

    spec = pair.chosen_drafter()
    gamma, n_new = config.gamma, config.max_new_tokens
    asked: tuple[tuple[str, Setting], ...] = (("gamma", gamma), ("max_new_tokens", n_new), ("prompts", prompts))
    with _kept("bench decode", session, asked, saving, output) as kept:
        for item in decode_tasks.bench(session.models, session.drafter, spec, prompt_set, config):
            if isinstance(item, decode_tasks.TasksBench):
                fields = msgspec.to_builtins(item)
                # People read the tasks in the table that follows.
                shown = fields if output.json or output.saves else {**fields, "tasks": len(item.tasks) - 1}
                _sum_up(shown, kept, output)
                output.table(decode_tasks.table(item))
            else:
                _show(item, output)
    return OK


@with_options(SpeculativeConfig, hidden=(*FIXED, *CHAT))
def bench_batch(
    *,
    pair: PairOptions,
    settings: Settings,
    batches: Annotated[str, typer.Option(help="how many sequences together, separated by commas")] = "1,2,4,8",
    blocks: Annotated[int, typer.Option(help="timed pairs of blocks a batch size")] = 5,
    out: Out = None,
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Measure the speedup when several sequences are decoded together: speculative batches against plain ones."""
    output = Output(json=json, out=out)
    config = make_config(SpeculativeConfig, settings)
    refuse_sampling("bench batch", settings)
    sizes = batch_sizes(batches)
    refuse_below("blocks", blocks, 1)
    from engine.measuring.batch import BatchBench, bench

    session = drafted_session("bench batch", pair, output)
    asked = (
        ("gamma", config.gamma), ("max_new_tokens", config.max_new_tokens), ("n_blocks", blocks), ("batches", batches)
    )  # fmt: skip
    with _kept("bench batch", session, asked, Saving(no_save), output) as kept:
        models = session.models
        assert models is not None
        for item in bench(models, batches=sizes, gamma=config.gamma, n_new=config.max_new_tokens, n_blocks=blocks):
            if isinstance(item, BatchBench):
                _sum_up(msgspec.to_builtins(item), kept, output)
            else:
                output.event(item)
    return OK


@contextmanager
def _kept(
    name: str, session: "Session", asked: tuple[tuple[str, Setting], ...], saving: Saving, output: Output
) -> Iterator[KeptLog]:
    """The log of a benchmark of the loaded pair, begun."""
    from engine.session.work_start import started_on_pair

    with KeptLog(saving, output) as kept:
        kept.take(started_on_pair(session.pair_in_use, "measurement", name, asked))
        yield kept


def _sum_up(fields: dict[str, Value], kept: KeptLog, output: Output) -> None:
    """Keep the figures of a benchmark and print its summary."""
    kept.take_figures(fields)
    output.summary({**fields, "run": kept.run_id})


def batch_sizes(text: str) -> tuple[int, ...]:
    """The batch sizes of an option, if any. Raises InputError."""
    sizes = numbers("batches", text, default=())
    if sizes and max(sizes) > _LARGEST_BATCH:
        raise InputError(f"batches = {max(sizes)}: must be <= {_LARGEST_BATCH}", "write for instance --batches 1,2,4,8")
    return sizes


def bench_gpu(
    *,
    shapes: Annotated[str, typer.Option(help="qwen, qwen-1.5b, llama, llama-70b, tiny, separated by commas")] = "",
    device: Annotated[str, typer.Option(help="cuda, cuda:N or cpu")] = "cuda",
    dtype: Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16")] = "auto",
    context: Annotated[int, typer.Option(help="ids of the prompts")] = 512,
    gamma: Annotated[int, typer.Option(help="draft length")] = 4,
    max_new_tokens: Annotated[int, typer.Option(help="new tokens of every block")] = 128,
    blocks: Annotated[int, typer.Option(help="interleaved blocks of each pair")] = 7,
    gpt_fast: Annotated[Path | None, typer.Option(help="a checkout of gpt-fast to measure beside ours")] = None,
    folder: Annotated[Path | None, typer.Option(help="run all parts within --minutes, a file each in here")] = None,
    minutes: Annotated[float, decimal("that all parts may take together")] = 10.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="list the parts, estimated minutes and memory")] = False,
    out: Out = None,
    json: Json = False,
) -> int:
    """Measure timing pairs on a GPU: ours, transformers and the limit of its memory; results are kept pair by pair."""
    output = Output(json=json, out=out)
    if dry_run or folder is not None:
        return _gpu_parts(output, None if dry_run else folder, device, minutes)
    for name, value, least in (
        ("context", context, 2), ("gamma", gamma, 1), ("max-new-tokens", max_new_tokens, 8), ("blocks", blocks, 3),
    ):  # fmt: skip
        refuse_below(name, value, least)
    from engine.bench import gpu
    from engine.machine.quiet import quiet_libraries
    from engine.models.devices import parse_device, parse_dtype

    quiet_libraries()
    names = tuple(dict.fromkeys(name.strip() for name in shapes.split(","))) if shapes else ("qwen", "llama")
    unknown = [name for name in names if name not in gpu.SHAPES]
    if unknown:
        raise InputError(f"there are no shapes {unknown[0]!r}", f"use {', '.join(gpu.SHAPES)}")
    on = parse_device(device)
    parse_dtype(dtype, on)
    task = gpu.GpuBenchTask(names, on, dtype, context, gamma, max_new_tokens, blocks, gpt_fast)
    for item in gpu.bench(task):
        if not isinstance(item, gpu.GpuBench):
            output.event(item)
        elif item.complete:
            output.summary(msgspec.to_builtins(item))
            output.table(gpu.table(item))
        elif out is not None:
            output.save(msgspec.to_builtins(item))
    return OK


def _gpu_parts(output: Output, folder: Path | None, device: str, minutes: float) -> int:
    """Run the parts of `bench gpu`, or only list them where there is no folder. Raises InputError."""
    from engine.bench import gpu_parts
    from engine.models.devices import parse_device

    parts = gpu_parts.parts()
    if folder is None:
        if output.json:
            minutes, n_bytes = sum(part.minutes for part in parts), max(part.memory_bytes for part in parts)
            listing = {"parts": msgspec.to_builtins(parts), "minutes": round(minutes, 1), "memory_bytes": n_bytes}
            output.summary(listing)
            return OK
        rows = [(p.name, f"{p.minutes} min", f"{p.memory_bytes / 2**30:.1f} GiB", p.measures) for p in parts]
        output.table([("part", "estimated", "memory", "measures"), *rows])
        return OK
    refuse_minutes("minutes", minutes)
    if parse_device(device).type != "cuda":
        raise InputError("the parts of bench gpu run on CUDA alone", "leave --device out, or leave --folder out")
    endings = []
    for part in gpu_parts.run(parts, folder, minutes=minutes):
        endings.append(part)
        reason = "" if part.status == "done" else f": {part.tail.rpartition(chr(10))[2]}"
        output.note(f"{part.name}: {part.status} after {part.seconds:.0f} s, {part.file}{reason}")
    if output.json:
        output.summary({"parts": msgspec.to_builtins(endings)})
    return OK


def refuse_below(name: str, value: int, least: int) -> None:
    """Raise InputError where a count is too small to be measured."""
    if value < least:
        raise InputError(f"{name} = {value}: must be >= {least}", "fewer give no useful figures")
    refuse_above(name, value, MOST)


def refuse_sampling(name: str, settings: Settings) -> None:
    """Raise InputError where sampling was requested: only greedy text is the same from every system."""
    warped = [field for field in GREEDY if settings.get(field) not in (None, getattr(SpeculativeConfig(), field))]
    if warped:
        option = warped[0].replace("_", "-")
        raise InputError(f"--{option}: {name} compares greedy decoding", f"leave --{option} out")


def drafted_session(name: str, pair: PairOptions, output: Output) -> "Session":
    """A session with a pair of two models in memory. Raises InputError where the drafter is not one."""
    session = loaded_session(pair, output)
    if session.models is None or session.models.drafter is None:
        raise InputError(f"{pair.drafter} is not a model", f"{name} compares assisted decoding: name a drafter model")
    from engine.models.loading import refuse_other_tokenizer

    refuse_other_tokenizer(session.models.target, session.models.drafter)
    return session


def _axes(gamma: int, runtime: str, *, contexts: str, gammas: str, batches: str, runtimes: str) -> "Axes | None":
    """The settings to combine; None where no list was given. Raises InputError."""
    if not (contexts or gammas or batches or runtimes):
        return None
    from engine.measuring.matrix import Axes
    from engine.models.pair_names import parse_runtime

    choices = [parse_runtime(name.strip()) for name in (runtimes or runtime).split(",")]
    return Axes(
        numbers("contexts", contexts, default=()) or (None,),
        numbers("gammas", gammas, default=(gamma,)),
        batch_sizes(batches) or (1,),
        tuple(dict.fromkeys(choices)),
    )


def bench_table(
    *, readme: Annotated[Path, typer.Option(help="the file to write the table into, between its marks")]
) -> int:
    """Write the table of the newest files in assets/benchmarks into a README."""
    from engine.bench import table

    hint = "name a UTF-8 text file"
    refuse_irregular(readme, hint, most_bytes=_MOST_README_BYTES)
    try:
        text = readme.read_text(encoding="utf-8")
        writing.replace(readme, table.rewritten(text, table.benchmarks()).encode())
    except UnicodeDecodeError as err:
        raise InputError(f"{readme} is not in UTF-8", hint) from err
    except OSError as err:
        raise InputError(f"{readme} cannot be read or written ({err.strerror})", hint) from err
    return OK


@with_options(SpeculativeConfig, hidden=(*FIXED, *CHAT))
def bench_endurance(
    *,
    pair: PairOptions,
    settings: Settings,
    rounds: Annotated[int, typer.Option(help="rounds in all")] = 10_000,
    json: Json = False,
) -> int:
    """Run thousands of rounds on one engine and measure what grows."""
    output = Output(json=json)
    config = make_config(SpeculativeConfig, settings)
    if rounds < 1:
        raise InputError(f"rounds = {rounds}: must be >= 1", "10000 show what grows slowly")
    refuse_above("rounds", rounds, MOST)
    if pair.chosen_drafter() == "none":
        raise InputError("there is no drafter to propose anything", "name one with --drafter")
    from engine.bench.endurance import Endurance, endure
    from engine.cli.running import hosted_pair
    from engine.measuring.prompts import held_out_prompts

    config = msgspec.structs.replace(config, baseline=False, stop_at_end=False)
    with hosted_pair(pair, "thread", output) as (hosted, target):
        prompt_ids = [prompt[: max(1, target.context // 2)] for prompt in held_out_prompts(target.tokenizer, 8)]
        for item in endure(hosted, prompt_ids, config, n_rounds=rounds):
            if isinstance(item, Endurance):
                output.summary(msgspec.to_builtins(item))
            else:
                output.event(item)
    return OK


def bench_ui() -> int:
    """Measure the window under a stream: frames, stalls, drawing's cost to the engine; run as `draftscope bench ui`."""
    raise InputError("bench ui measures the window, which the engine knows nothing of", "run draftscope bench ui")


def bench_index(
    *,
    passages: Annotated[int, typer.Option(help="made-up passages that are searched")] = 100_000,
    files: Annotated[int, typer.Option(help="files that are indexed and embedded")] = 40,
    pairs: Annotated[int, typer.Option(help="of an indexing and a bare embedding")] = 5,
    json: Json = False,
) -> int:
    """Measure indexing against the embedder's bare speed, and how long a search over many passages takes."""
    if passages < 1_000 or files < 1 or pairs < 1:
        reason = f"passages = {passages}, files = {files}, pairs = {pairs}: too few"
        raise InputError(reason, "use at least 1000 passages, 1 file and 1 pair")
    for name, count, most in (("passages", passages, MOST), ("files", files, 100_000), ("pairs", pairs, 1_000)):
        refuse_above(name, count, most)
    from engine.bench.index import IndexBench, bench

    output = Output(json=json)
    for item in bench(n_chunks=passages, n_files=files, pairs=pairs):
        if isinstance(item, IndexBench):
            output.summary(msgspec.to_builtins(item))
        else:
            output.event(item)
    return OK
