"""`draftscope bench coverage`: simulates how often each printed interval holds the true value."""

from typing import Annotated

import msgspec
import typer

from engine.cli.exit_status import OK
from engine.cli.options import Json
from engine.cli.output import Output
from engine.errors import InputError

_FEWEST, _MOST = 100, 100_000


def bench_coverage(
    *,
    samples: Annotated[int, typer.Option(help="simulated measurements of each case")] = 2000,
    seed: Annotated[int, typer.Option(help="decides what is drawn")] = 0,
    json: Json = False,
) -> int:
    """Simulate every interval that the program prints: nominal coverage, and how often it held the true value."""
    if not _FEWEST <= samples <= _MOST:
        raise InputError(f"samples = {samples}: must be from {_FEWEST} to {_MOST}", "2000 tell it within one percent")
    if seed < 0:
        raise InputError(f"seed = {seed}: must be >= 0", "leave it out for 0")
    from engine.bench.coverage import cases, simulated, table

    output, rows = Output(json=json), []
    for row in simulated(cases(), samples, seed):
        rows.append(row)
        if json:
            output.line({"event": "coverage", **msgspec.to_builtins(row)})
    lowest = min(row.covered for row in rows)
    if not json:
        output.table(table(rows))
    output.summary({"lowest": lowest, "nominal": rows[0].nominal, "cases": len(rows), "samples": samples, "seed": seed})
    return OK
