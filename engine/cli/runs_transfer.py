"""`draftscope runs export` and `import`: kept runs to files, and files among the kept runs."""

from collections import Counter
from pathlib import Path
from typing import Annotated, get_args

import typer

from engine.cli.exit_status import OK
from engine.cli.options import Json
from engine.cli.output import Output
from engine.cli.runs import Ids, opened, resolved
from engine.errors import InputError
from engine.machine import paths
from engine.reports.exporting import ENDINGS, FORMATS, ExportFormat, export, export_tokens
from engine.store.importing import ImportedTrace, Outcome, import_traces
from engine.store.rows import RunRow

_Format = Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}")]
_Out = Annotated[Path, typer.Option(help="a new file; of several runs, a folder that is there (parquet: a file)")]
_TableName = Annotated[str, typer.Option("--table", help="of a CSV file; the rounds or lanes unless given")]
_Sources = Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER…", help="traces, or folders with traces")]


def runs_export(run: Ids, *, form: _Format = "trace", out: _Out, table: _TableName = "", json: Json = False) -> int:
    """Write runs to files: the trace, a table, every token, or a report."""
    output = Output(json=json)
    format = _format(form)
    with opened(output) as index:
        rows = index.rows(resolved(index, run))
    if format == "parquet":
        damages = {str(out): export_tokens([(row.id, row.path) for row in rows], out)}
    else:
        files = _files(rows, out, ENDINGS[format])
        damages = {
            str(path): export(row.path, row.id, format, path, table=table)
            for row, path in zip(rows, files, strict=True)
        }
    for path, damage in damages.items():
        if damage:
            output.note(f"{path} holds what comes before the damage: {damage}")
    output.summary({"files": list(damages)})
    return OK


def runs_import(source: _Sources, *, json: Json = False) -> int:
    """Take in traces from elsewhere, each once; the files stay as they are."""
    output = Output(json=json)
    answers: list[ImportedTrace] = []
    for answer in import_traces(paths.runs(), source):
        answers.append(answer)
        _say(answer, output, alone=len(source) == 1)
    with opened(output):
        pass  # so that they are listed at once
    counts = Counter(answer.outcome for answer in answers)
    names: tuple[Outcome, ...] = get_args(Outcome)
    output.summary({"runs": [a.run_id for a in answers if a.outcome == "imported"], **{n: counts[n] for n in names}})
    refused = [answer for answer in answers if answer.outcome == "refused"]
    if refused and not counts["imported"] and not counts["known"]:
        raise InputError(refused[0].why, "name a trace.jsonl, or a folder with some")
    return OK


def _say(answer: ImportedTrace, output: Output, *, alone: bool) -> None:
    """Print what became of a file; alone: it is the only one, so that its refusal is the error that follows."""
    if output.json:
        output.line({"event": "import", **answer._asdict(), "path": str(answer.path)})
    if answer.outcome == "known":
        output.note(f"{answer.path} is kept already, as {answer.run_id}")
    elif answer.outcome == "refused" and not alone:
        output.note(f"not imported: {answer.why}")
    elif answer.outcome == "imported" and answer.why:
        output.note(f"{answer.path} is damaged, and imported as it is: {answer.why}")


def _format(name: str) -> ExportFormat:
    for known in FORMATS:
        if known == name:
            return known
    raise InputError(f"format = {name}: is none", f"use {', '.join(FORMATS)}")


def _files(rows: tuple[RunRow, ...], out: Path, ending: str) -> list[Path]:
    """The file of each run: `out` itself for one, files in it for several. Raises InputError."""
    if out.is_dir():
        return [out / f"{row.id}{ending}" for row in rows]
    if len(rows) > 1:
        raise InputError(f"{out} is no folder, and there are {len(rows)} runs", "name a folder that is there")
    return [out]
