"""`draftscope scaling sweep`: asks questions with every combination of documents, demonstrations and iterations."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Annotated, cast, get_args

import msgspec
import typer

from engine.allocation.grid import cells_of, refuse_no_time
from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import Json, NoSave, PairOptions, Settings, WorldForm, decimal, with_options
from engine.cli.output import Output, Value
from engine.cli.rag_eval import Kinds, checked_kinds
from engine.cli.running import loaded_session, stoppable, stopped
from engine.cli.scaling import copying, refuse_pool
from engine.commands import SweepAllocations
from engine.documents.sources import BUILTIN
from engine.errors import InputError
from engine.evaluation.config import EvaluationConfig
from engine.evaluation.datasets import refuse_unreadable
from engine.events import Event, MeasuredCell, QualityScore, SweepEstimated, SweepMeasured, SweepStarted, Warned
from engine.methods.iterdrag.config import IterDragConfig
from engine.settings import make_config

_HIDDEN = ("k", "m", "n", "index", "baselines", "stop_at_end", "seed")
_USUAL = SweepAllocations()
_MOST_DIGITS = 4


def _numbers(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))


@with_options(IterDragConfig, hidden=_HIDDEN)
def scaling_sweep(
    *,
    pair: PairOptions,
    settings: Settings,
    k: Annotated[str, typer.Option(help="numbers of documents, separated by commas")] = _numbers(_USUAL.ks),
    m: Annotated[str, typer.Option(help="numbers of demonstrations")] = _numbers(_USUAL.ms),
    n: Annotated[str, typer.Option(help="numbers of iterations; 1 is DRAG")] = _numbers(_USUAL.ns),
    dataset: Annotated[str, typer.Option(help="builtin, a fresh world of the seed; or a .jsonl file")] = "builtin",
    questions: Annotated[int, typer.Option(help="questions at most: of a world the kinds in turn")] = 100,
    kinds: Kinds = "",
    seed: Annotated[int, typer.Option(help="of the world, or of which questions")] = 0,
    index: Annotated[str, typer.Option(help="index of the documents, where they do not come with questions")] = "",
    embedder: Annotated[str, typer.Option(help="builtin, a folder, or a hub id in the cache")] = "builtin",
    form: WorldForm = "pages",
    minutes: Annotated[float | None, decimal("stop after that time; the same command continues")] = None,
    quality: Annotated[
        str, typer.Option(help=f"also judge how good each answer looks: {', '.join(get_args(QualityScore))}")
    ] = "none",
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Measure accuracy and effective context of every combination; run it again to continue after a stop."""
    make_config(IterDragConfig, {**settings, "seed": seed})
    if questions < 1:
        raise InputError(f"questions = {questions}: must be >= 1", "40 are a good beginning")
    if quality not in get_args(QualityScore):
        raise InputError(f"quality = {quality[:40]}: is not known", f"use {', '.join(get_args(QualityScore))}")
    refuse_no_time(minutes)
    ks, ms, ns = (read_numbers(name, text) for name, text in (("k", k), ("m", m), ("n", n)))
    cells_of(ks, ms, ns)
    options: Settings = {"questions": questions, "seed": seed, "form": form, "kinds": checked_kinds(kinds, dataset)}
    make_config(EvaluationConfig, options)
    if dataset != BUILTIN:
        refuse_unreadable(Path(dataset))
    refuse_pool(str(settings["pool"]), max(ms))
    command = SweepAllocations(
        dataset, ks, ms, ns, settings, options, index, embedder, minutes,
        msgspec.convert(quality, QualityScore),
    )  # fmt: skip
    output = Output(json=json)
    with KeptLog(Saving(no_save), output) as kept:
        return _follow(command, pair, output, kept)


def read_numbers(name: str, text: str) -> tuple[int, ...]:
    """Parse whole numbers from 0 on, separated by commas, each once. Raises InputError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) <= _MOST_DIGITS for part in parts):
        raise InputError(f"{name} = {text[:80]}: is no list of whole numbers", f"write for instance --{name} 0,1,5")
    return tuple(dict.fromkeys(map(int, parts)))


def _follow(command: SweepAllocations, pair: PairOptions, output: Output, kept: KeptLog) -> int:
    from engine.runtime import Cancelled
    from engine.session.allocation import sweep_allocations

    session = loaded_session(copying(pair), output)
    last: SweepMeasured | None = None
    with stoppable() as flag:
        steps = cast(Generator[Event, None, None], sweep_allocations(session, command, flag))
        with closing(steps) as events:
            try:
                for event in events:
                    kept.take(event)
                    _print(event, output)
                    last = event if isinstance(event, SweepMeasured) else last
            except Cancelled:
                kept.stopped()
    if last is None:
        return stopped(output, "no question was asked yet; run it again to continue")
    _sum_up(last, output, kept)
    return stopped(output, "run it again to continue") if last.stopped_by == "user" else OK


def _print(event: Event, output: Output) -> None:
    match event:
        case SweepStarted():
            n_answers = event.n_questions * len(event.cells)
            output.note(
                f"{len(event.cells)} combinations, {event.n_questions} questions: {n_answers:,} answers, of which"
                f" {event.n_kept:,} are there already ({event.file})"
            )
            if event.why_new:
                output.note(event.why_new)
        case SweepEstimated():
            output.note(_estimate(event))
        case Warned():
            output.note(f"warning: {event.message}; {event.hint}")
    if not isinstance(event, SweepMeasured):
        output.event(event)


def _estimate(event: SweepEstimated) -> str:
    """What the rest takes, in a sentence."""
    total = f"{event.n_left:,} answers are left: about {event.input_tokens + event.output_tokens:,.0f} tokens"
    line = f"{total}, {event.seconds / 60:.1f} minutes"
    if event.fits is False:
        line += f"; within the time about {event.n_reachable:,} more questions"
    return line


def _sum_up(measured: SweepMeasured, output: Output, kept: KeptLog) -> None:
    if not output.json:
        rows = [_row(cell, gain) for cell, gain in zip(measured.cells, measured.efficiency, strict=True)]
        output.table([_HEADER, *rows])
        words = "the time is up; " if measured.stopped_by == "time" else ""
        total = measured.n_questions * len(measured.cells)
        by_user = measured.stopped_by == "user"
        again = "" if measured.n_answered == total or by_user else ", run it again to continue"
        output.note(f"{words}{measured.n_answered:,} answers{again}: {measured.file}")
        return
    cells: list[Value] = [
        {**_flat(cell), "efficiency": gain} for cell, gain in zip(measured.cells, measured.efficiency, strict=True)
    ]
    output.summary(
        {
            "cells": cells, "n_questions": measured.n_questions, "n_answered": measured.n_answered,
            "stopped_by": measured.stopped_by, "file": measured.file, "run": kept.run_id,
        }
    )  # fmt: skip


_HEADER = ("k", "m", "n", "accuracy", "exact", "F1", "context", "longest", "points per 1,000", "P99", "questions")


def _row(cell: MeasuredCell, gain: float | None) -> tuple[str, ...]:
    theta = cell.allocation
    return (
        str(theta.k), str(theta.m), str(theta.n), f"{cell.accuracy:.2f}", f"{cell.exact_match:.2f}", f"{cell.f1:.2f}",
        f"{cell.mean_context:,.0f}", f"{cell.max_context:,}", "-" if gain is None else f"{gain:+.1f}",
        f"{cell.p99_ms / 1000:.1f} s{f', over {cell.alarm_ms / 1000:.0f} s' if cell.is_slow else ''}",
        f"{cell.n_questions}{f', {cell.n_unanswered} not asked' if cell.n_unanswered else ''}",
    )  # fmt: skip


def _flat(cell: MeasuredCell) -> dict[str, Value]:
    fields: dict[str, Value] = msgspec.to_builtins(cell)
    theta: dict[str, Value] = msgspec.to_builtins(cell.allocation)
    own = {name: value for name, value in fields.items() if name != "allocation"}
    return {**theta, **own, "is_slow": cell.is_slow}
