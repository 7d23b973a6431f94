"""`draftscope check`: proofs on any pair."""

from typing import Annotated

import msgspec
import typer

from engine.cli import OK
from engine.cli.options import Json, PairOptions, Settings, with_options
from engine.cli.output import Output
from engine.errors import InputError
from engine.method import make_config
from engine.methods.speculative.config import SpeculativeConfig

_HIDDEN = ("stop_at_end", "baseline", "repeats")


@with_options(SpeculativeConfig, hidden=_HIDDEN)
def losslessness(
    *,
    pair: PairOptions,
    settings: Settings,
    samples: Annotated[int, typer.Option(help="speculative generations to hold against the target")] = 2000,
    prompts: Annotated[int, typer.Option(help="prompts for the greedy check")] = 4,
    json: Json = False,
) -> int:
    """Equal greedy tokens, and equal distribution of the first tokens when sampling."""
    output = Output(json=json)
    config = make_config(SpeculativeConfig, settings)
    if samples < 100 or prompts < 1:
        raise InputError(f"samples = {samples}, prompts = {prompts}: too few", "use at least 100 samples and 1 prompt")
    from engine.bench.losslessness import Losslessness, check
    from engine.bench.prompts import held_out_prompts
    from engine.cli.running import loaded_session

    session = loaded_session(pair, output)
    if session.target is None or session.drafter is None:
        raise InputError("there is no drafter to check", "name one with --drafter")
    asked = held_out_prompts(session.target.tokenizer, prompts)
    room = session.target.context // 2
    shortened = [prompt[: max(1, room)] for prompt in asked]
    config = msgspec.structs.replace(config, max_new_tokens=min(config.max_new_tokens, room), stop_at_end=False)
    for item in check(session.target, session.drafter, shortened, config, n_samples=samples):
        if isinstance(item, Losslessness):
            output.summary(msgspec.to_builtins(item))
        else:
            output.event(item)
    return OK
