"""Writes the log of a run to a file: the trace itself, a table as CSV, one row a token as Parquet, a report.

* imports neither Qt nor torch."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from engine.errors import EngineError, InputError
from engine.events import Event, GenerationMeasured, LastToken, ProposedToken, RoundFinished
from engine.runs import trace

if TYPE_CHECKING:
    import pyarrow

ExportFormat: TypeAlias = Literal["trace", "csv", "parquet", "html", "pdf"]
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
ENDINGS: dict[ExportFormat, str] = {
    "trace": ".jsonl", "csv": ".csv", "parquet": ".parquet", "html": ".html", "pdf": ".pdf",
}  # fmt: skip
# The table of a log that says most, row by row.
_MAIN_TABLES = "rounds", "lanes"
_ROWS_A_GROUP = 50_000


class TokenRow(NamedTuple):
    """A token that was proposed, or that ended a round. lane, prompt: of a comparison. fate: accepted, rejected,
    untested, correction or bonus. What a last token does not have is None."""

    run: str
    lane: str
    prompt: int | None
    turn: int | None
    round: int
    position: int
    fate: str
    id: int
    text: str
    p: float
    q: float | None
    accept_prob: float | None
    u: float | None
    overlap: float | None
    rank: int | None
    draft_ms: float
    verify_ms: float
    at_s: float


def export(source: Path, run_id: str, format: ExportFormat, out: Path, *, table: str = "") -> str:
    """Write one log to a new file; returns where it is damaged, empty if it is not. table: of a CSV file, empty for
    the main one.

    Raises InputError: the file exists already, the log has no such table. EngineError if it cannot be written."""
    if format == "parquet":
        return export_tokens([(run_id, source)], out)
    log = trace.read(source)
    with_damage = log.damage or ""
    if format == "trace":
        _write(out, lambda partial: shutil.copyfile(source, partial))
    elif format == "csv":
        text = _csv(log.events, table)
        _write(out, lambda partial: partial.write_text(text, encoding="utf-8"))
    else:
        # Imported late, as the tables are: the other formats need nothing of reports.
        from engine.reports import pages
        from engine.reports.documents import ReportOptions

        page = pages.page(format)(log, ReportOptions(damage=log.damage))
        _write(out, lambda partial: partial.write_bytes(page))
    return with_damage


def export_tokens(sources: Sequence[tuple[str, Path]], out: Path) -> str:
    """Write the tokens of logs, given with their ids, to one Parquet file; returns the first damage.

    Raises as `export` does."""
    damages: list[str] = []
    _write(out, lambda partial: _write_parquet(partial, sources, damages))
    return next(iter(damages), "")


def token_rows(run_id: str, events: Iterable[Event]) -> Iterator[TokenRow]:
    """A row for each token of a log that was proposed or ended a round, in order."""
    for event in events:
        if isinstance(event, RoundFinished):
            yield from _round_rows(run_id, event, event.lane, None, None)
        elif isinstance(event, GenerationMeasured):
            for inner in event.rounds:
                yield from _round_rows(run_id, inner, event.lane, event.prompt, event.turn)


def _round_rows(
    run_id: str, event: RoundFinished, lane: str, prompt: int | None, turn: int | None
) -> Iterator[TokenRow]:
    tokens: list[ProposedToken | LastToken] = [*event.proposed]
    if event.last is not None:
        tokens.append(event.last)
    for position, token in enumerate(tokens):
        drafted = token if isinstance(token, ProposedToken) else None
        yield TokenRow(
            run=run_id,
            lane=lane,
            prompt=prompt,
            turn=turn,
            round=event.round,
            position=position,
            fate=token.fate if isinstance(token, ProposedToken) else token.kind,
            id=token.id,
            text=token.text,
            p=token.p,
            q=None if drafted is None else drafted.q,
            accept_prob=None if drafted is None else drafted.accept_prob,
            u=None if drafted is None else drafted.u,
            overlap=None if drafted is None else drafted.overlap,
            rank=token.rank,
            draft_ms=event.draft_ms,
            verify_ms=event.verify_ms,
            at_s=event.at_s,
        )


def _write_parquet(path: Path, sources: Sequence[tuple[str, Path]], damages: list[str]) -> None:
    """Write group by group, so that a long run needs little memory."""
    import pyarrow  # imported late: it takes longer than everything else here
    from pyarrow import parquet

    schema = _schema()
    with parquet.ParquetWriter(path, schema) as writer:
        for run_id, source in sources:
            rows = token_rows(run_id, _followed(source, damages))
            while group := list(islice(rows, _ROWS_A_GROUP)):
                columns = list(zip(*group, strict=True))
                arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
                writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))


def _schema() -> "pyarrow.Schema":
    import pyarrow

    kinds: dict[str, pyarrow.DataType] = {
        "str": pyarrow.string(), "int": pyarrow.int64(), "float": pyarrow.float64(),
    }  # fmt: skip
    fields = ((name, str(getattr(kind, "__name__", kind))) for name, kind in TokenRow.__annotations__.items())
    return pyarrow.schema([(name, kinds[kind.removesuffix(" | None")]) for name, kind in fields])


def _followed(source: Path, damages: list[str]) -> Iterator[Event]:
    damage = yield from trace.follow(source)
    if damage:
        damages.append(damage)


def _csv(events: Sequence[Event], name: str) -> str:
    from engine.reports.cells import as_csv
    from engine.reports.tables import tables

    named = tables(events)
    chosen = name or next((table for table in _MAIN_TABLES if table in named), next(iter(named)))
    if chosen not in named:
        raise InputError(f"there is no table {chosen[:40]!r} in this log", f"its tables are: {', '.join(named)}")
    return as_csv(named[chosen])


def _write(out: Path, write: Callable[[Path], object]) -> None:
    """Write a new file that appears when it is whole. Raises InputError, EngineError."""
    if out.exists():
        raise InputError(f"{out} exists already", "name a new file")
    partial = out.with_name(f".{out.name}.{os.getpid()}.part")  # two may export at once
    try:
        write(partial)
        partial.replace(out)
    except OSError as err:
        raise EngineError(f"{out} cannot be written ({err.strerror or err})", "choose another folder") from err
    finally:
        partial.unlink(missing_ok=True)
