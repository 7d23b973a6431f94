"""`draftscope bench rounds`: times the round of a fused pair alone, and what recording it costs."""

from typing import Annotated

import msgspec
import typer

from engine.cli.exit_status import OK
from engine.cli.options import MOST, Json, PairOptions, refuse_above, with_options
from engine.cli.output import Output
from engine.cli.running import loaded_session
from engine.errors import InputError

_LEAST_BLOCKS = 3


class _NoSettings(msgspec.Struct, frozen=True):
    """Empty: a round has no settings beyond the command's own."""


@with_options(_NoSettings)
def bench_rounds(
    *,
    pair: PairOptions,
    settings: object,
    gamma: Annotated[int, typer.Option(help="draft length")] = 4,
    length: Annotated[int, typer.Option(help="committed ids before each round")] = 512,
    blocks: Annotated[int, typer.Option(help="blocks of 20 rounds, with and without recording in turn")] = 15,
    json: Json = False,
) -> int:
    """Time draft and verification of one round at a fixed length, on CUDA as graphs, and what recording adds."""
    if blocks < _LEAST_BLOCKS:
        raise InputError(f"blocks = {blocks}: must be >= {_LEAST_BLOCKS}", "15 give a useful interval")
    if gamma < 1 or length < 2:
        raise InputError(f"gamma = {gamma}, length = {length}: too few", "use at least a gamma of 1 and a length of 2")
    for name, value, most in (("blocks", blocks, 100_000), ("gamma", gamma, 64), ("length", length, MOST)):
        refuse_above(name, value, most)
    output = Output(json=json)
    models = loaded_session(pair, output).models
    assert models is not None
    from engine.bench.rounds import measure

    output.summary(msgspec.to_builtins(measure(models, gamma=gamma, length=length, n_blocks=blocks)))
    return OK
