"""`draftscope report`: a comparison, a run, a training or a measurement as one HTML file, or its tables as CSV."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
import typer

from engine.cli.exit_status import OK
from engine.cli.options import Json, Out, decimal, refuse_above
from engine.cli.output import Output
from engine.errors import InputError
from engine.events import ComparisonStarted, Event, RunStarted
from engine.reports import pages, reading, writing
from engine.reports.cells import as_csv
from engine.reports.document import DEFAULT_PROMPTS
from engine.reports.documents import ReportOptions
from engine.reports.pages import PAGES
from engine.reports.pilot import Prices, check
from engine.reports.tables import tables

_TABLES = "csv"
_Source = Annotated[Path, typer.Argument(help="a trace, a training log, a file of bench --out, or the folder of a run")]
_Out = Annotated[Path | None, typer.Option(help="the file to write; for csv a folder, with a file for each table")]
_Price: TypeAlias = float | None


def report(
    source: _Source,
    *,
    out: _Out = None,
    format: Annotated[str, typer.Option(help="html, pdf, or csv for the tables alone")] = "html",
    prompts: Annotated[
        int, typer.Option(help="how many prompts to show with the texts of all lanes")
    ] = DEFAULT_PROMPTS,
    price_per_kwh: Annotated[_Price, decimal("what a kWh costs you, for the summary of a pilot")] = None,
    price_per_gpu_hour: Annotated[_Price, decimal("what an hour of this machine costs you")] = None,
    price_per_million_tokens: Annotated[_Price, decimal("what a million tokens cost you elsewhere")] = None,
    currency: Annotated[str, typer.Option(help="of the prices")] = "EUR",
    force: Annotated[bool, typer.Option("--force", help="replace files that are there")] = False,
    json: Json = False,
) -> int:
    """Write a report that opens offline: tables, plots, coloured texts, settings, and how it was measured."""
    _check_format(format)
    if prompts < 0:
        raise InputError(f"prompts = {prompts}: must be >= 0", "0 leaves the texts out")
    prices = check(Prices(price_per_kwh, price_per_gpu_hour, price_per_million_tokens, currency))
    output = Output(json=json)
    kept = reading.read(source)
    target = out or Path(_usual_name(source, kept.events) + ("" if format == _TABLES else f".{format}"))
    if format == _TABLES:
        written = _write_tables(target, kept.events, force=force)
    else:
        options = ReportOptions(prompts, prices, kept.damage)
        writing.check_free(target, force=force)
        page = PAGES[format](kept, options)
        writing.write(target, page, force=force)
        written = {target.name: len(page)}
    if kept.damage is not None:
        output.note(f"the log is damaged, and the report holds what comes before: {kept.damage}")
    output.summary({"format": format, "out": str(target), "files": written, "damage": kept.damage})
    return OK


def bench_report(
    *,
    trace: Annotated[Path | None, typer.Option(help="a comparison that is kept; otherwise one is made")] = None,
    prompts: Annotated[int, typer.Option(help="prompts of the comparison that is made")] = 20,
    max_new_tokens: Annotated[int, typer.Option(help="new tokens of each prompt and lane")] = 128,
    out: Out = None,
    json: Json = False,
) -> int:
    """Measure what the report of a comparison takes: of four lanes of the built-in pair, or of a kept one."""
    if prompts < 1 or max_new_tokens < 1:
        raise InputError(f"prompts = {prompts}, max-new-tokens = {max_new_tokens}: too few", "use at least 1 of each")
    refuse_above("prompts", prompts, 100_000)
    refuse_above("max-new-tokens", max_new_tokens, 1_000_000)
    output = Output(json=json, out=out)
    from engine.bench import report as measuring

    events = measuring.comparison(prompts, max_new_tokens) if trace is None else reading.read(trace).events
    output.summary(msgspec.to_builtins(measuring.bench(events)))
    return OK


def _check_format(format: str) -> None:
    if format == "pdf":
        pages.page(format)
    elif format not in (*PAGES, _TABLES):
        raise InputError(f"unknown format {format!r}", f"use {', '.join(PAGES)} or {_TABLES}")


def _write_tables(folder: Path, events: tuple[Event, ...], *, force: bool) -> Mapping[str, int]:
    """Write every table that has rows; returns the bytes of the files by their names."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is no folder", "name a folder for the tables")
    named = {f"{name}.csv": table for name, table in tables(events).items() if table.rows}
    for name in named:
        writing.check_free(folder / name, force=force)
    contents = {name: as_csv(table).encode() for name, table in named.items()}
    for name, content in contents.items():
        writing.write(folder / name, content, force=force)
    return {name: len(content) for name, content in contents.items()}


def _usual_name(source: Path, events: tuple[Event, ...]) -> str:
    """A name in the current folder that tells reports of different runs apart."""
    first = events[0]
    ids = {RunStarted: "run_id", ComparisonStarted: "comparison_id"}
    own = str(getattr(first, ids.get(type(first), ""), "")) or source.stem
    name = "".join(c for c in own if c.isalnum() or c in "-_")[:40] or "log"
    return f"draftscope-report-{name}"
