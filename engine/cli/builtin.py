"""`draftscope builtin`: the built-in world and models, examined."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.cli import OK
from engine.cli.options import Json
from engine.cli.output import Output
from engine.errors import InputError

_LEAST = 10
_Seed = Annotated[int, typer.Option(help="of the world the questions are about; any seed gives unseen names")]
_Questions = Annotated[int, typer.Option(help="questions of each kind")]
_Models = Annotated[
    Path | None, typer.Option(help="a folder with target, general and perhaps misaligned; the built-in ones")
]


def builtin_eval(*, seed: _Seed = 0, questions: _Questions = 100, models: _Models = None, json: Json = False) -> int:
    """How well the built-in models answer, judge and draft on a fresh world."""
    if questions < _LEAST:
        raise InputError(f"questions = {questions}: too few", f"use at least {_LEAST}")
    if seed < 0:
        raise InputError(f"seed = {seed}: must be >= 0", "use any other whole number")
    from engine.bench.builtin import BuiltinEval, evaluate, load_builtin

    output = Output(json=json)
    for item in evaluate(load_builtin(models), seed=seed, n=questions):
        if isinstance(item, BuiltinEval):
            output.summary(msgspec.to_builtins(item))
        else:
            output.event(item)
    return OK
