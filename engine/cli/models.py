"""`draftscope models`: gets models from a hub, lists what is cached and which pairs fit, and removes models."""

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from threading import Event as Flag
from time import monotonic
from typing import Annotated

import msgspec
import typer

from engine.cli.exit_status import OK
from engine.cli.options import Json
from engine.cli.output import Output, Value
from engine.cli.running import stoppable, stopped
from engine.errors import EngineError, InputError
from engine.events import CachedModel, Event, FileDownloaded, ModelDescribed, ModelDownloaded, OfferedPair, Progressed
from engine.hub.child import HubRequest
from engine.hub.hub_id import checked_revision, parse_id
from engine.hub.process import AFTER_STOP, hub_events
from engine.models.gguf.kept import conversion_of
from engine.reports import words
from engine.reports.shown_text import one_line

_Id = Annotated[str, typer.Argument(metavar="ID", help="OWNER/NAME, or OWNER/NAME/FILE.gguf", show_default=False)]
_Revision = Annotated[str, typer.Option(help="a branch, a tag or a commit")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="say what it would bring, and download nothing")]
_Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]
_Device = Annotated[str, typer.Option(help="that pairs are to fit: auto, cpu, cuda or cuda:N")]
_DType = Annotated[str, typer.Option(help="that pairs are to fit in: auto, float32, bfloat16 or float16")]
_IdOrFile = Annotated[
    str, typer.Argument(metavar="ID", help="OWNER/NAME, or a converted GGUF file by its path", show_default=False)
]
_WINDOW_S = 5.0
_LONGEST_PATH = 400
_MINUTE_S, _HOUR_S = 90, 5400


def models_get(
    model: _Id, *, revision: _Revision = "main", dry_run: _DryRun = False, yes: _Yes = False, json: Json = False
) -> int:
    """Download a model, after saying its size, licence and files; asked again, it continues."""
    parse_id(model)
    checked_revision(revision)
    output = Output(json=json)
    asks = sys.stdin.isatty() and not (yes or dry_run or json)
    if dry_run or asks:
        status = _followed(HubRequest("look_up", model, revision), _Progress(output))
        if status != OK or dry_run:
            return status
    if asks and not typer.confirm("Download it?", default=True, err=True):
        output.note("nothing was downloaded")
        return OK
    return _followed(HubRequest("get", model, revision), _Progress(output, is_described=asks))


def _followed(request: HubRequest, progress: "_Progress") -> int:
    """Print what the hub answers; returns the exit status."""
    with stoppable() as flag, closing(_events(request, flag)) as events:
        try:
            for event in events:
                progress.take(event)
                if isinstance(event, ModelDescribed) and event.why_not:
                    raise InputError(event.why_not, event.hint)
        except EngineError:
            progress.end()
            if not flag.is_set():
                raise
            return stopped(progress.output, f"what is there is kept: {AFTER_STOP}")
    return OK


def models_list(*, json: Json = False) -> int:
    """List the models in the hub's cache: size, licence, as what each can be loaded; and converted GGUF files."""
    from engine.hub import cached

    output = Output(json=json)
    listed = cached.listed()
    for problem in listed.problems:
        output.note(problem)
    rows = [("model", "size", "licence", "family", "context", "kind", "loads")]
    for model in listed.models:
        if json:
            output.line({"event": "model", **msgspec.to_builtins(model)})
        kind = ("instruct" if model.instruct else "base") if model.family else "-"
        loads = f"no: {model.why_not}" if model.why_not else "yes"
        context = f"{model.context:,}" if model.context else "-"
        size, licence = words.size(model.n_bytes), model.licence or "not known"
        rows.append((model.repo, size, licence, model.family or "-", context, kind, loads))
    total = sum(model.n_bytes for model in listed.models)
    conversion_rows = _list_conversions(listed.conversions, output)
    if json:
        n = len(listed.conversions)
        output.summary({"models": len(listed.models), "bytes": total, "path": listed.folder, "conversions": n})
    elif listed.models:
        output.table([tuple(map(one_line, row)) for row in rows])
        output.note(f"{words.counted(len(listed.models), 'model', 'models')}, {words.size(total)} in {listed.folder}")
    else:
        output.note(
            f"there is no model in {listed.folder}; draftscope models get ID brings one, models pairs offers some"
        )
    if not json and listed.conversions:
        output.table(conversion_rows)
        output.note("draftscope models remove FILE.gguf frees what a file was converted into; the file stays")
    return OK


def _list_conversions(models: Sequence[CachedModel], output: Output) -> list[tuple[str, ...]]:
    """The converted GGUF files as rows of text, header first; as JSON a line each is printed at once."""
    rows: list[tuple[str, ...]] = [("GGUF file", "size", "type", "family", "converted into", "loads")]
    for model in models:
        if output.json:
            output.line({"event": "model", **msgspec.to_builtins(model)})
        loads = f"no: {model.why_not}" if model.why_not else "yes"
        row = (model.repo, words.size(model.n_bytes), model.dtype or "-", model.family or "-", model.converted_into)
        rows.append((*(one_line(cell, longest=_LONGEST_PATH) for cell in row), loads))
    return rows


def models_pairs(*, device: _Device = "auto", dtype: _DType = "auto", json: Json = False) -> int:
    """Offer pairs of models that fit each other, with what fits this machine and why the others do not."""
    from engine.hub.offering import offered_pairs

    output = Output(json=json)
    offered = offered_pairs(device=device, dtype=dtype)
    rows: list[tuple[str, ...]] = [("family", "target", "drafter", "download", "memory", "licence", "here")]
    for pair in offered.pairs:
        if json:
            output.line({"event": "pair", **msgspec.to_builtins(pair), "missing_bytes": pair.missing_bytes})
        rows.append(_pair_row(pair))
    if json:
        fitting = sum(not pair.why_not for pair in offered.pairs)
        fields = {"pairs": len(offered.pairs), "fitting": fitting, "device": offered.device, "dtype": offered.dtype}
        output.summary({**fields, "stated": offered.stated})
        return OK
    output.table(rows)
    output.note(f"memory on {offered.device} in {offered.dtype}; ids, sizes and licences as known on {offered.stated}")
    return OK


def models_remove(model: _IdOrFile, *, yes: _Yes = False, json: Json = False) -> int:
    """Remove a model with all its revisions, or what a GGUF file was converted into, after saying what that frees."""
    if conversion_of(model) is None:
        parse_id(model)
    from engine.hub import cached

    output = Output(json=json)
    what = cached.removal(model)
    for note in what.notes:
        output.note(note)
    if not yes:
        if not sys.stdin.isatty():
            raise InputError(f"{what.repo} was not removed, since nobody can be asked", "add --yes")
        if not typer.confirm(f"Remove {what.repo}? That frees {words.size(what.freed_bytes)}.", err=True):
            output.note("nothing was removed")
            return OK
    removed = cached.remove(what)
    output.summary({"spec": removed.spec, "freed_bytes": removed.freed_bytes})
    return OK


def _events(request: HubRequest, stopped: Flag) -> Generator[Event, None, None]:
    yield from hub_events(request, stopped)


def _pair_row(pair: OfferedPair) -> tuple[str, ...]:
    licences = dict.fromkeys(model.licence + ", gated" * model.gated for model in (pair.target, pair.drafter))
    download = words.size(pair.missing_bytes) if pair.missing_bytes else "cached"
    here = f"no: {pair.why_not}" if pair.why_not else "fits"
    specs = pair.target.spec, pair.drafter.spec
    memory = f"{pair.memory_bytes / 2**30:.1f} GiB"
    return pair.family, *specs, download, memory, "; ".join(licences), here


class _Progress:
    """Prints what a download says: on a terminal one line that is written over, as JSON an object each time.

    is_described: what it will bring was printed before."""

    def __init__(self, output: Output, *, is_described: bool = False) -> None:
        self.output = output
        self._is_described = is_described
        self._seen: list[tuple[float, float]] = []
        self._is_open = False

    def take(self, event: Event) -> None:
        """Print an event."""
        match event:
            case ModelDescribed() if not self._is_described:
                self._describe(event)
            case Progressed():
                self._advance(event)
            case FileDownloaded():
                self._file(event)
            case ModelDownloaded():
                self._done(event)

    def end(self) -> None:
        """Leave the line that is written over."""
        if self._is_open:
            sys.stderr.write("\n")
        self._is_open = False

    def _describe(self, event: ModelDescribed) -> None:
        if self.output.json:
            sizes = {"bytes": event.n_bytes, "missing_bytes": event.missing_bytes}
            self.output.line({**msgspec.to_builtins(event), **sizes, "event": "described"})
            return
        for line in described(event):
            print(one_line(line, longest=2_000))

    def _advance(self, event: Progressed) -> None:
        rate = self._rate(event)
        left = (event.total - event.done) / rate if rate else None
        if self.output.json:
            times: dict[str, Value] = {"elapsed_s": event.elapsed_s, "bytes_per_s": rate, "left_s": left}
            amounts: dict[str, Value] = {"bytes": int(event.done), "total_bytes": int(event.total)}
            self.output.line({"event": "progress", **amounts, **times})
        elif sys.stderr.isatty():
            line = f"{words.size(event.done)} of {words.size(event.total)}"
            line += f", {words.size(rate)}/s" if rate else ""
            line += f", {duration(left)} left" if left else ""
            sys.stderr.write(f"\r{line:<60}")
            sys.stderr.flush()
            self._is_open = True

    def _rate(self, event: Progressed) -> float | None:
        """Bytes a second over the last seconds; None while there is too little to tell."""
        now = monotonic()
        self._seen = [(at, done) for at, done in self._seen if now - at <= _WINDOW_S] + [(now, event.done)]
        seconds, n_bytes = now - self._seen[0][0], event.done - self._seen[0][1]
        return n_bytes / seconds if seconds > 0 and n_bytes > 0 else None

    def _file(self, event: FileDownloaded) -> None:
        if self.output.json:
            self.output.line({**msgspec.to_builtins(event), "event": "file"})
            return
        self.end()
        how = "was there already" if not event.fetched_bytes else "checksum right"
        self.output.note(f"{one_line(event.name)}: {words.size(event.n_bytes)}, {how}")

    def _done(self, event: ModelDownloaded) -> None:
        self.end()
        if not self.output.json:
            print(one_line(f"ready: {words.size(event.n_bytes)} in {event.path}", longest=2_000))
            self.output.note(f"use it as --target or --drafter {event.spec}")
            return
        fields = msgspec.to_builtins(event)
        del fields["event"]
        self.output.summary({"bytes": fields.pop("n_bytes"), **fields})


def described(event: ModelDescribed) -> Iterator[str]:
    """What a download would bring, a line each."""
    yield f"{event.spec} at {event.revision} ({event.commit[:8]}) from {event.host}"
    terms = "; gated: its owner wants its terms accepted first" if event.gated else ""
    yield f"  licence  {event.licence or 'not stated'}{terms}"
    kept = event.n_bytes - event.missing_bytes
    rest = f", of which {words.size(kept)} are here already" if kept else ""
    yield f"  size     {words.size(event.n_bytes)} in {words.counted(len(event.files), 'file', 'files')}{rest}"
    for file in event.files:
        yield f"           {file.name}  {words.size(file.n_bytes)}"
    yield f"  to       {event.folder}, where {words.size(event.free_bytes)} are free"
    for note in event.notes:
        yield f"  note     {note}"


def duration(seconds: float) -> str:
    """A waiting time, in coarser units if it is long."""
    if seconds < _MINUTE_S:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < _HOUR_S else f"{seconds / 3600:.1f} h"
