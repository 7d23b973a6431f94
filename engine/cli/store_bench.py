"""`draftscope bench store`: what the store of runs costs, and whether it survives being killed."""

import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.cli.exit_status import DEFECT, OK
from engine.cli.options import Json, refuse_above
from engine.cli.output import Output
from engine.errors import InputError

_Runs = Annotated[int, typer.Option(help="made-up runs in the store")]
_Kills = Annotated[int, typer.Option(help="instead, kill a process that keeps runs at so many random moments")]
_Seed = Annotated[int, typer.Option(help="of the moments")]


def bench_store(*, runs: _Runs = 10_000, kills: _Kills = 0, seed: _Seed = 0, json: Json = False) -> int:
    """Measure opening and filtering the store of runs, or kill a process that writes to it."""
    if runs < 100 or kills < 0:
        raise InputError(f"runs = {runs}, kills = {kills}: too few", "use at least 100 runs")
    refuse_above("runs", runs, 1_000_000)
    refuse_above("kills", kills, 10_000)
    output = Output(json=json)
    if kills:
        return _kill(kills, seed, output)
    from engine.bench.store import StoreBench, bench

    for item in bench(runs):
        if isinstance(item, StoreBench):
            output.summary(msgspec.to_builtins(item))
        else:
            output.event(item)
    return OK


def _kill(n: int, seed: int, output: Output) -> int:
    from engine.bench.store_kills import kills

    done = []
    with tempfile.TemporaryDirectory(prefix="draftscope-kills-") as folder:
        for kill in kills(Path(folder), n, seed):
            done.append(kill)
            output.note(
                f"killed after {kill.after_s:.2f} s: {kill.n_finished} finished, {len(kill.torn)} cut off, "
                f"{len(kill.lost)} lost, {kill.lost_rounds} rounds lost {kill.damage}"
            )
            if output.json:
                output.line({"event": "kill", **msgspec.to_builtins(kill)})
    intact = all(kill.intact for kill in done)
    lost = sum(len(kill.lost) for kill in done)
    output.summary({"kills": n, "finished": done[-1].n_finished, "lost": lost, "intact": intact})
    return OK if intact else DEFECT
