"""Measures lengths of text: loads a target and its drafters, reads the text, and leaves out what cannot be measured."""

import secrets
from collections.abc import Generator, Iterator
from threading import Event as Flag
from typing import TYPE_CHECKING

import torch
from msgspec.structs import replace

from engine import drafters
from engine.commands import Load, MeasureLengths
from engine.decoding.tree_widths import read_widths
from engine.documents import page_range
from engine.drafters.window import WindowSize, with_size
from engine.errors import EngineError, InputError
from engine.events import Event, Setting, WorkStarted
from engine.fast import attention_kernels
from engine.machine import versions
from engine.machine.out_of_memory import memory_errors
from engine.measuring import long_text
from engine.measuring.length_job import LengthDrafter, LengthsJob, predictions
from engine.measuring.lengths import measure
from engine.models.hashes import pair_hashes
from engine.models.loading import LoadedModel
from engine.session.lane_loading import load_of, loaded_drafter, loaded_target, until_stopped
from engine.session.memory import release_memory
from engine.settings import GenerationConfig, make_config

if TYPE_CHECKING:
    from engine.session.session import Session

_SHORTER = "choose shorter lengths, or fewer drafters"
MOST_TEXTS, MOST_REPEATS, MOST_CHUNK, LEAST_CHUNK = 256, 1_000, 4_096, 16
_LEAST_ROOM = 2


def lengths(session: "Session", command: MeasureLengths, cancelled: Flag) -> Iterator[Event]:
    """Measure a target and drafters over lengths of text; see `measuring.lengths` for the events.

    Raises InputError before anything is loaded: a setting out of its bounds, no length, a window of no token."""
    config = checked(command)
    specs = drafters_of(command)
    try:
        yield from _measured(session, command, specs, config, cancelled)
    finally:
        release_memory()


HANDLERS = {MeasureLengths: lengths}


def checked(command: MeasureLengths) -> GenerationConfig:
    """The settings of every generation. Raises InputError for whatever is out of its bounds, before a load."""
    for name, value, least, most in (
        ("gamma", command.gamma, 1, 64), ("texts", command.n_texts, 1, MOST_TEXTS),
        ("repeats", command.repeats, 1, MOST_REPEATS), ("chunk", command.prefill_chunk, LEAST_CHUNK, MOST_CHUNK),
    ):  # fmt: skip
        if not least <= value <= most:
            raise InputError(f"{name} = {value}: must be {least} to {most}", "choose a number within the bounds")
    if not command.lengths or min(command.lengths) < _LEAST_ROOM:
        raise InputError("a length must be 2 tokens or more", "write lengths as 512,2048,8192")
    attention_kernels.find(command.attention)
    read_widths(command.tree)
    page_range.parse_pages(command.pages)
    page_range.refuse_no_file(command.text)
    return make_config(GenerationConfig, {"max_new_tokens": 64, **command.settings, "stop_at_end": False})


def drafters_of(command: MeasureLengths) -> tuple[str, ...]:
    """The SPECs that are built, each once and without plain decoding. Raises InputError for a bad window."""
    size = WindowSize(command.window, command.sinks)
    if command.window < 1 or command.sinks < 0:
        name, value, least = ("window", command.window, 1) if command.window < 1 else ("sinks", command.sinks, 0)
        raise InputError(f"{name} = {value}: must be {least} or more", "512 tokens and 4 sinks are usual")
    specs = [with_size(spec.strip(), size) for spec in command.drafters if spec.strip()]
    return tuple(spec for spec in dict.fromkeys(specs) if spec != drafters.NONE)


def _measured(
    session: "Session", command: MeasureLengths, specs: tuple[str, ...], config: GenerationConfig, cancelled: Flag
) -> Iterator[Event]:
    pair = load_of(command)
    target = yield from loaded_target(session, pair, cancelled)
    asked = tuple(sorted(set(command.lengths)))
    _refuse_beyond(target, asked, config)
    kernel = attention_kernels.usable(command.attention, target.device, target.dtype, fused=target.fused is not None)
    target = target._replace(attention=kernel.name)
    longest = min(asked[-1], target.context - config.max_new_tokens)
    texts = long_text.read(
        command.text, target.tokenizer, pages=command.pages, part=command.part, n_texts=command.n_texts,
        longest=longest,
    )  # fmt: skip
    built = [LengthDrafter(drafters.NONE, target)]
    for spec in specs:
        built.append((yield from until_stopped(_drafter(session, replace(pair, drafter=spec), target), cancelled)))
    job = LengthsJob(
        target, tuple(built), asked, texts, config, command.gamma, command.repeats, command.prefill_chunk,
        read_widths(command.tree),
    )  # fmt: skip
    _refuse_all(job)
    yield _started(job, command)
    with torch.inference_mode(), memory_errors("the measurement", _SHORTER):
        yield from measure(job, cancelled)


def _drafter(session: "Session", pair: Load, target: LoadedModel) -> Generator[Event, None, LengthDrafter]:
    """A drafter on the target in memory, with the attention that was chosen for it, or why there is none."""
    try:
        found = yield from loaded_drafter(session, pair)
        own = found.target._replace(attention=target.attention)
        model = found.model
        if target.attention == "auto" or model is None or model.fused is None:
            return LengthDrafter(pair.drafter, own, found.drafter, model)
        model = model._replace(attention=target.attention)
        return LengthDrafter(pair.drafter, own, drafters.build(pair.drafter, own, model), model)
    except EngineError as err:
        return LengthDrafter(pair.drafter, target, why_not=err.message, hint=err.hint)


def _refuse_beyond(target: LoadedModel, asked: tuple[int, ...], config: GenerationConfig) -> None:
    """Raise InputError for a length that the target's context does not hold, or new tokens that fill it."""
    if asked[-1] > target.context:
        reason = f"length {asked[-1]:,}: {target.spec} has a context of {target.context:,} tokens"
        raise InputError(reason, f"use lengths up to {target.context:,}, or a target with a longer context")
    if config.max_new_tokens > target.context - _LEAST_ROOM:
        reason = f"max-new-tokens = {config.max_new_tokens}: {target.spec} has a context of {target.context:,} tokens"
        raise InputError(reason, f"use at most {target.context - _LEAST_ROOM}")


def _refuse_all(job: LengthsJob) -> None:
    """Raise InputError where plain decoding cannot be measured at any length, and so nothing can."""
    plain = [each for each in predictions(job) if each.drafter == drafters.NONE]
    if all(each.why_not for each in plain):
        raise InputError(plain[0].why_not, plain[0].hint)


def _started(job: LengthsJob, command: MeasureLengths) -> WorkStarted:
    target, names = job.target, [drafter.spec for drafter in job.drafters if drafter.drafter is not None]
    settings: tuple[tuple[str, Setting], ...] = (
        ("lengths", ",".join(map(str, job.lengths))), ("gamma", job.gamma), ("repeats", job.repeats),
        ("texts", len(job.texts.texts)), ("part", command.part), ("pages", job.texts.pages),
        ("tree", command.tree), ("prefill_chunk", job.prefill_chunk), ("attention", target.attention),
        *command.settings.items(), ("max_new_tokens", job.config.max_new_tokens),
    )  # fmt: skip
    return WorkStarted(
        work_id=secrets.token_hex(4),
        kind="measurement",
        started_utc=versions.now_utc(),
        method="longcontext",
        target=target.spec,
        drafter=", ".join(names),
        settings=tuple(dict(settings).items()),
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        subject=job.texts.name,
        versions=versions.versions(),
        processor=versions.processor(target.device),
        hashes=pair_hashes(target.spec, None),
    )
