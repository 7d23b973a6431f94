"""The command line of `draftscope bench ui`; imports Qt only when it runs."""

import os
from typing import Annotated

import msgspec
import typer

from engine.cli import run_command
from engine.cli.exit_status import OK
from engine.cli.options import Json, Out, PairOptions, Settings, with_options
from engine.cli.output import Output
from engine.commands import Load
from engine.errors import InputError
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import make_config

# Everything but gamma is fixed by the definition of the figures.
_FIXED = tuple(name for name in SpeculativeConfig.__struct_fields__ if name != "gamma")
_FEWEST_PAIRS = 5


@with_options(SpeculativeConfig, hidden=_FIXED)
def bench_ui(
    *,
    pair: PairOptions,
    settings: Settings,
    pairs: Annotated[int, typer.Option(help="paired blocks, at least 5; an interval needs 10")] = _FEWEST_PAIRS,
    out: Out = None,
    json: Json = False,
) -> int:
    """The window under a stream, offscreen: frames, stalls, what drawing costs the engine, memory, first paint."""
    config = make_config(SpeculativeConfig, settings)
    if pairs < _FEWEST_PAIRS:
        raise InputError(f"pairs = {pairs}: must be >= {_FEWEST_PAIRS}", "fewer give no useful range")
    drafter = pair.chosen_drafter()
    if drafter == "none":
        raise InputError("bench ui needs a drafter", "leave --drafter out, or name one")
    output = Output(json=json, out=out)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from app.bench.ui import UiBench, bench

    load = Load(pair.target, drafter, pair.device, pair.drafter_device, pair.dtype, pair.runtime)
    for result in bench(load, config.gamma, n_pairs=pairs):
        if isinstance(result, UiBench):
            output.summary(msgspec.to_builtins(result))
        else:
            output.event(result)
    return OK


def main(argv: list[str]) -> int:
    """Run the command; `argv` comes without `bench ui`. Returns the exit status."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command("ui")(bench_ui)
    return run_command(app, argv, name="draftscope bench ui")
