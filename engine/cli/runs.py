"""`draftscope runs`: what is kept, listed, shown, labelled, deleted and restored."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Annotated, get_args

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from engine.cli.exit_status import OK
from engine.cli.options import Json, decimal
from engine.cli.output import Output, Value
from engine.errors import EngineError, InputError
from engine.events import Progressed, WorkKind
from engine.machine import paths
from engine.runs import trace
from engine.store import blind_rating
from engine.store.index import RunIndex
from engine.store.rows import Deleted, RunFilter, RunRow
from engine.store.text import one_line

Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="ids, or beginnings or ends that fit one run alone")]
_Id = Annotated[str, typer.Argument(metavar="ID", help="an id, or a beginning or end that fits one run alone")]
_Search = Annotated[str, typer.Option(help="words that occur in prompt, models, method, title, tags or note")]
_Kind = Annotated[str, typer.Option(help=f"only {', '.join(get_args(WorkKind))}")]
_Tag = Annotated[list[str] | None, typer.Option(help="only with this tag; repeat it for several")]
_Limit = Annotated[int, typer.Option(help="rows at most, the newest first; 0 for all")]
_Deleted = Annotated[bool, typer.Option("--deleted", help="those in the trash, instead of the others")]
_Add = Annotated[list[str] | None, typer.Option(help="a tag to add; repeat it for several")]
_Remove = Annotated[list[str] | None, typer.Option(help="a tag to remove; repeat it for several")]
_Days = Annotated[float, decimal("remove for good what was deleted so many days ago or earlier")]
_MANY = 5
_MOST_DAYS = 36_500
_LONGEST_CELL = 2_000


@contextmanager
def opened(output: Output) -> Iterator[RunIndex]:
    """The index of all kept runs, up to date; prints how far it is and what had to be done to open it."""
    with closing(RunIndex(paths.runs())) as index:
        for note in index.notes:
            output.note(note)
        for at in index.take_in():
            if at.total:
                output.event(Progressed("reading", at.done, at.total, "runs"))
        yield index


def resolved(index: RunIndex, parts: Sequence[str], *, deleted: bool = False) -> list[str]:
    """The ids that are meant. Raises InputError where a part fits none or several."""
    return list(dict.fromkeys(_resolved(index, part, deleted=deleted) for part in parts))


def _resolved(index: RunIndex, part: str, *, deleted: bool = False) -> str:
    ids = index.matching(part, deleted=deleted)
    if len(ids) == 1:
        return ids[0]
    where = "in the trash" if deleted else "kept"
    if not ids:
        raise InputError(f"no run {part[:80]!r} is {where}", "see draftscope runs list" + " --deleted" * deleted)
    more = ", …" if len(ids) > _MANY else ""
    raise InputError(f"{part!r} fits {len(ids)} runs: {', '.join(ids[:_MANY])}{more}", "write more of the id")


def runs_list(
    *, search: _Search = "", kind: _Kind = "", tag: _Tag = None, limit: _Limit = 50, deleted: _Deleted = False,
    json: Json = False,
) -> int:  # fmt: skip
    """List runs, comparisons, trainings, evaluations and measurements, the newest first."""
    if kind and kind not in get_args(WorkKind):
        raise InputError(f"kind = {kind}: is none", f"use {', '.join(get_args(WorkKind))}")
    if limit < 0:
        raise InputError(f"limit = {limit}: must be >= 0", "0 lists all")
    output = Output(json=json)
    kinds = tuple(known for known in get_args(WorkKind) if known == kind)
    with opened(output) as index:
        ids = index.ids(RunFilter(search, kinds, tags=tuple(tag or ()), deleted=deleted))
        rows = index.rows(ids[:limit] if limit else ids)
    if json:
        for row in rows:
            output.line({"event": "run", **fields(row)})
        output.summary({"runs": len(ids), "listed": len(rows)})
        return OK
    output.table(_table(rows, _short(ids)))
    if len(rows) < len(ids):
        output.note(f"{len(rows)} of {len(ids)}; --limit 0 lists all")
    return OK


def runs_show(run: _Id, *, json: Json = False) -> int:
    """Show one run: its figures, settings, versions, machine and models."""
    output = Output(json=json)
    with opened(output) as index:
        (row,) = index.rows([_resolved(index, run)])
    shown = {**fields(row), **_start(row), **_ratings(row, whole=json)}
    if json:
        output.summary(shown)
    else:
        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in shown.items():
            table.add_row(name.replace("_", " "), Text(_cell(value)))
        output.console.print(table)
    return OK


def runs_delete(run: Ids, *, json: Json = False) -> int:
    """Move runs to the trash; restore brings them back."""
    output = Output(json=json)
    with opened(output) as index:
        answer = index.delete(resolved(index, run))
    return _report(answer, "deleted", f"bring back: draftscope runs restore {' '.join(answer.ids)}", output)


def runs_restore(run: Ids, *, json: Json = False) -> int:
    """Bring deleted runs back."""
    output = Output(json=json)
    with opened(output) as index:
        answer = index.restore(resolved(index, run, deleted=True))
    return _report(answer, "restored", "", output)


def runs_purge(*, days: _Days = 30.0, json: Json = False) -> int:
    """Remove for good what was deleted some time ago."""
    if not 0 <= days <= _MOST_DAYS:
        raise InputError(f"days = {days:g}: must be from 0 to {_MOST_DAYS:,}", "0 empties the trash")
    output = Output(json=json)
    with opened(output) as index:
        ids = index.purge(86_400 * days)
    output.summary({"purged": list(ids)})
    return OK


def runs_rename(run: _Id, title: Annotated[str, typer.Argument(help="empty takes it away")]) -> int:
    """Give a run a title."""
    with opened(Output(json=False)) as index:
        index.rename(_resolved(index, run), title)
    return OK


def runs_note(run: _Id, text: Annotated[str, typer.Argument(help="empty takes it away")]) -> int:
    """Write a note on a run, in place of the one before."""
    with opened(Output(json=False)) as index:
        index.set_note(_resolved(index, run), text)
    return OK


def runs_tag(run: Ids, *, add: _Add = None, remove: _Remove = None) -> int:
    """Add tags to runs, or remove them."""
    if not add and not remove:
        raise InputError("there is no tag to add or remove", "name one with --add or --remove")
    with opened(Output(json=False)) as index:
        ids = resolved(index, run)
        index.add_tags(ids, add or ())
        index.remove_tags(ids, remove or ())
    return OK


def fields(row: RunRow) -> dict[str, Value]:
    """The fields of a row as programs read them."""
    spread = {
        name: None if ends is None else list(ends)
        for name, ends in (("speedup_ci", row.speedup_ci), ("speedup_range", row.speedup_range))
    }
    return {**row._asdict(), "path": str(row.path), "tags": list(row.tags), **spread}


def _start(row: RunRow) -> dict[str, Value]:
    """What the trace says of its circumstances."""
    try:
        first = next(trace.follow(row.path))
    except InputError as err:
        return {"problem": err.message}
    content: dict[str, Value] = msgspec.to_builtins(first)
    pairs = {name: dict(content.get(name) or ()) for name in ("settings", "versions", "hashes")}  # type: ignore[call-overload]
    return {**pairs, "processor": content.get("processor", ""), "runtime": content.get("runtime")}


def _ratings(row: RunRow, *, whole: bool) -> dict[str, Value]:
    """How its texts were rated blind; whole: each verdict too, and both fields where nothing was rated."""
    try:
        verdicts = blind_rating.kept(row.path)
    except EngineError:  # `_start` says why
        verdicts = ()
    counted = [
        {**each._asdict(), "share_first": each.share_first, "share_first_ci": each.share_ci, "p": each.p}
        for each in blind_rating.counts(verdicts)
    ]
    if whole:
        return {"ratings": msgspec.to_builtins(verdicts), "rating_counts": counted}
    return {"rating_counts": counted} if counted else {}


def _report(answer: Deleted, done: str, hint: str, output: Output) -> int:
    """Say what was done; what could not be done ends in an error. Raises EngineError."""
    for run_id in answer.missing:
        output.note(f"{run_id} is gone: another window or command was faster")
    refused = {no.id: no.why for no in answer.refused}
    output.summary({done: list(answer.ids), "missing": list(answer.missing), "refused": refused})
    if answer.ids and hint:
        output.note(hint)
    for run_id, why in refused.items():
        raise EngineError(f"{run_id} was not {done}: {why}", "the others were" if answer.ids else "nothing was changed")
    return OK


def _table(rows: Sequence[RunRow], short: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Heads and rows for people; short: what is enough of each id."""
    heads = ("id", "started", "kind", "state", "α", "speedup", "tokens", "models", "what", "tags")
    table: list[tuple[str, ...]] = [heads]
    for row in rows:
        models = row.target if row.drafter in ("", "none") else f"{row.target} + {row.drafter}"
        what = row.title or row.name or row.prompt or row.method
        table.append(
            (
                short[row.id], row.started_utc[:16].replace("T", " "), row.kind, row.state, _number(row.alpha),
                _speedup(row), str(row.n_tokens or "-"), _cut(models), _cut(what), ", ".join(row.tags),
            )
        )  # fmt: skip
    return table


def _short(ids: Sequence[str]) -> Mapping[str, str]:
    """The last part of each id where that fits one run alone, else the whole id."""
    ends = {run_id: run_id.rpartition("-")[2] for run_id in ids}
    counts = Counter(ends.values())
    return {run_id: end if counts[end] == 1 and end else run_id for run_id, end in ends.items()}


def _cut(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _speedup(row: RunRow) -> str:
    """The speedup with its 95 % interval in brackets, or its range from smallest to largest."""
    if row.speedup is None:
        return "-"
    if row.speedup_ci is not None:
        return f"{row.speedup:.2f} [{row.speedup_ci.low:.2f}, {row.speedup_ci.high:.2f}]"
    if row.speedup_range is not None:
        return f"{row.speedup:.2f} ({row.speedup_range.low:.2f} to {row.speedup_range.high:.2f})"
    return f"{row.speedup:.2f}"


def _cell(value: Value) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_cell(name)} {_cell(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if value in (None, ""):
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "\n".join(one_line(line, _LONGEST_CELL) for line in str(value).splitlines())
