"""`draftscope longcontext`: what the length of a text does to a target and several drafters."""

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Annotated, cast

import msgspec
import typer

from engine import drafters
from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import Json, NoSave, Out, PairOptions, Settings, numbers, with_options
from engine.cli.output import Output, Value
from engine.cli.running import kept_as, stoppable, stopped
from engine.commands import LENGTHS, MeasureLengths
from engine.decoding.tree_widths import read_widths
from engine.documents import page_range
from engine.errors import InputError
from engine.events import (
    AttentionName,
    Event,
    LengthMeasured,
    LengthsMeasured,
    LengthsStarted,
    ModelLoaded,
    PrefillMeasured,
    TextPart,
    Warned,
    WorkStarted,
)
from engine.settings import GenerationConfig

_HIDDEN = ("drafter", "stop_at_end", "max_new_tokens")
_Drafters = Annotated[
    list[str] | None,
    typer.Option(
        "--drafter",
        help="a drafter to measure, repeated: its SPEC as in decode, or window:MODEL for one cut to --window",
    ),
]
_MIB = 2**20


@with_options(GenerationConfig, hidden=_HIDDEN)
def longcontext(
    *,
    pair: PairOptions,
    settings: Settings,
    lengths: Annotated[str, typer.Option(help="tokens before the first new one, separated by commas")] = "",
    drafter: _Drafters = None,
    text: Annotated[
        str, typer.Option(help=f"{', '.join(page_range.BUILTIN_TEXTS)}, or a file: text, PDF, Word, EPUB, ...")
    ] = page_range.BUILTIN,
    pages: Annotated[str, typer.Option(help="of a file with pages, for instance 3-7")] = "",
    part: Annotated[
        TextPart, typer.Option(help="which part of a longer text is read: from its start, or its end")
    ] = "start",
    texts: Annotated[int, typer.Option(help="texts of each length, from different places")] = 1,
    gamma: Annotated[int, typer.Option(help="draft length")] = 4,
    tree: Annotated[
        str, typer.Option(help="what drafters that can branch draft in place of a chain: nodes at each depth, 4,8,8")
    ] = "",
    max_new_tokens: Annotated[int, typer.Option(help="new tokens of every block")] = 64,
    repeats: Annotated[int, typer.Option(help="blocks of plain decoding and of each drafter, in turn")] = 3,
    window: Annotated[int, typer.Option(help="last tokens that window:MODEL reads")] = 512,
    sinks: Annotated[int, typer.Option(help="first tokens that window:MODEL reads besides")] = 4,
    chunk: Annotated[int, typer.Option(help="tokens of the prompt that are read at once")] = 512,
    attention: Annotated[AttentionName, typer.Option(help="the kernel that reads the prompt")] = "auto",
    out: Out = None,
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Measure memory, time and acceptance against the length of the text, for several drafters."""
    asked = numbers("lengths", lengths, default=LENGTHS)
    specs = tuple(drafter or _usual_drafters(pair))
    command = MeasureLengths(
        specs, asked, text, pages, part, texts, gamma, {**settings, "max_new_tokens": max_new_tokens}, repeats,
        window, sinks, chunk, attention, tree, target=pair.target, device=pair.device,
        drafter_device=pair.drafter_device, dtype=pair.dtype, runtime=pair.runtime, quantize=pair.quantize,
    )  # fmt: skip
    output = Output(json=json, out=out)
    _refuse_early(command)
    with KeptLog(Saving(no_save), output) as kept:
        return _follow(command, output, kept)


def _usual_drafters(pair: PairOptions) -> list[str]:
    """What is measured where no drafter is named: the built-in ones, of which one is cut to a window, and lookup."""
    return ["builtin", "window:builtin", "builtin:longspec", "lookup"] if pair.target == "builtin" else ["lookup"]


def _refuse_early(command: MeasureLengths) -> None:
    """Raise InputError for what is named wrongly, before torch is imported, which takes many seconds."""
    read_widths(command.tree)
    page_range.parse_pages(command.pages)
    page_range.refuse_no_file(command.text)
    for spec in command.drafters:
        if not spec.strip():
            raise InputError("a drafter has no name", "write for instance --drafter builtin")
        drafters.model_spec(spec)


class _Rows:
    """What was measured so far."""

    def __init__(self) -> None:
        self.started: LengthsStarted | None = None
        self.prefills: list[PrefillMeasured] = []
        self.rows: list[LengthMeasured] = []
        self.end: LengthsMeasured | None = None

    def take(self, event: Event) -> None:
        """Take one event."""
        match event:
            case LengthsStarted():
                self.started = event
            case PrefillMeasured():
                self.prefills.append(event)
            case LengthMeasured():
                self.rows.append(event)
            case LengthsMeasured():
                self.end = event


def _follow(command: MeasureLengths, output: Output, kept: KeptLog) -> int:
    """Measure and print; a stop keeps the lengths that were measured."""
    from engine.runtime import Cancelled
    from engine.session.session import Session

    measured = _Rows()
    with stoppable() as flag, closing(cast(Generator[Event, None, None], Session().do(command, flag))) as events:
        try:
            for event in events:
                measured.take(event)
                kept.take(event)
                _print(event, output)
        except Cancelled:
            pass
    is_complete = measured.end is not None and measured.end.complete
    if not is_complete:
        kept.stopped()
    _sum_up(measured, kept, output)
    return OK if is_complete else stopped(output, f"{kept_as(kept.run_id)}; the same command begins anew")


def _print(event: Event, output: Output) -> None:
    match event:
        case WorkStarted() | ModelLoaded() | LengthsMeasured():
            return
        case LengthsStarted() if event.cut:
            output.note(event.cut)
        case LengthMeasured() if event.why_not:
            output.note(f"{event.drafter} at {event.length:,} tokens is left out: {event.why_not}; {event.hint}")
        case Warned():
            output.note(f"warning: {event.message}; {event.hint}")
    output.event(event)


def _sum_up(measured: _Rows, kept: KeptLog, output: Output) -> None:
    """Print the tables, and last the summary."""
    if not output.json:
        for table in tables(measured.rows, measured.prefills, measured.started):
            output.table(table)
            output.console.print("")
    end, started = measured.end, measured.started
    fields: dict[str, Value] = {
        "n_measured": 0 if end is None else end.n_measured,
        "n_refused": 0 if end is None else end.n_refused,
        "text": "" if started is None else started.text,
        "cut": "" if started is None else started.cut,
        "workload": "" if end is None else end.workload,
        "cautions": [] if end is None else list(end.cautions),
        "seconds": None if end is None else end.seconds,
        "stopped": end is None or not end.complete,
    }
    lists: dict[str, Value] = {
        "prefill": msgspec.to_builtins(measured.prefills),
        "kernels": [] if started is None else msgspec.to_builtins(started.kernels),
    }
    place = {} if started is None else {"device": started.device, "dtype": started.dtype, "target": started.target}
    saved = {**fields, **lists, **place, "rows": msgspec.to_builtins(measured.rows), "run": kept.run_id}
    # People have read the lists in the tables before.
    shown = {**fields, **lists} if output.json else fields
    output.summary({**shown, "run": kept.run_id}, saved=saved)


def tables(
    rows: Sequence[LengthMeasured], prefills: Sequence[PrefillMeasured], started: LengthsStarted | None
) -> list[list[tuple[str, ...]]]:
    """The tables for people, headers first; none that would be empty."""
    lengths = [_HEADER, *(_row(row) for row in rows if not row.why_not)]
    reading = [("length", "chunk", "attention", "prefill", "bare work", "ratio"), *map(_prefill_row, prefills)]
    kernels = [("attention", "equal to float64", "a chunk"), *_kernel_rows(started)]
    return [table for table in (lengths, reading, kernels) if len(table) > 1]


_HEADER = (
    "length", "drafter", "α", "τ", "ms/token", "plain", "speedup", "prefill", "K/V target", "K/V drafter", "same text",
)  # fmt: skip


def _row(row: LengthMeasured) -> tuple[str, ...]:
    same = "-" if row.same_text is None else "yes" if row.same_text else "no"
    return (
        f"{row.length:,}", f"{row.drafter}, tree {row.tree}" if row.tree else row.drafter, _number(row.alpha),
        _number(row.tau), _number(row.ms_per_token), _number(row.plain_ms_per_token),
        "-" if row.speedup is None else f"{row.speedup:.2f}×", _seconds(row.prefill_ms), _mib(row.kv_bytes_target),
        _mib(row.kv_bytes_drafter), same,
    )  # fmt: skip


def _prefill_row(event: PrefillMeasured) -> tuple[str, ...]:
    ratio = "-" if event.ratio is None else f"{event.ratio:.2f}×"
    return (
        f"{event.length:,}", str(event.chunk), event.attention, _seconds(event.ms), _seconds(event.bare_ms), ratio
    )  # fmt: skip


def _kernel_rows(started: LengthsStarted | None) -> list[tuple[str, ...]]:
    return [
        (check.title, check.why_not or ("yes" if check.is_equal else "no"), _ms(check.ms))
        for check in (() if started is None else started.kernels)
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _seconds(ms: float | None) -> str:
    return "-" if ms is None else f"{ms / 1e3:.2f} s"


def _ms(ms: float | None) -> str:
    return "-" if ms is None else f"{ms:.1f} ms"


def _mib(n_bytes: int | None) -> str:
    return "-" if n_bytes is None else f"{n_bytes / _MIB:.2f} MiB" if n_bytes else "none"
