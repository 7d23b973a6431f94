"""`draftscope check`: proofs on any pair."""

from typing import Annotated, get_args

import msgspec
import typer

from engine import drafters
from engine.cli.exit_status import OK
from engine.cli.options import MOST, Json, PairOptions, Settings, refuse_above, with_options
from engine.cli.output import Output
from engine.errors import InputError
from engine.events import HostKind
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import make_config

_ENGINES: tuple[HostKind, ...] = get_args(HostKind)
_HIDDEN = ("stop_at_end", "baseline", "repeats")


@with_options(SpeculativeConfig, hidden=_HIDDEN)
def losslessness(
    *,
    pair: PairOptions,
    settings: Settings,
    samples: Annotated[int, typer.Option(help="speculative generations to hold against the target")] = 2000,
    prompts: Annotated[int, typer.Option(help="prompts for the greedy check")] = 4,
    engine: Annotated[str, typer.Option(help="thread, or process: where the texts are made")] = "thread",
    json: Json = False,
) -> int:
    """Check for equal greedy tokens, and for an equal distribution of the first tokens when sampling."""
    output = Output(json=json)
    config = make_config(SpeculativeConfig, settings)
    if samples < 100 or prompts < 1:
        raise InputError(f"samples = {samples}, prompts = {prompts}: too few", "use at least 100 samples and 1 prompt")
    refuse_above("samples", samples, MOST)
    refuse_above("prompts", prompts, 10_000)
    if engine not in _ENGINES:
        raise InputError(f"unknown engine {engine!r}", f"use {' or '.join(_ENGINES)}")
    if pair.chosen_drafter() == drafters.NONE:
        raise InputError("there is no drafter to check", "name one with --drafter")
    from engine.bench.losslessness import Losslessness, check
    from engine.cli.running import hosted_pair
    from engine.measuring.prompts import asked_prompts

    with hosted_pair(pair, engine, output) as (hosted, target):
        asked = asked_prompts(target, prompts, config)
        max_length = target.context // 2
        prompt_starts = asked.ids if asked.chat else [prompt[: max(1, max_length)] for prompt in asked.ids]
        config = msgspec.structs.replace(config, max_new_tokens=min(config.max_new_tokens, max_length))
        for item in check(hosted, target, prompt_starts, config, n_samples=samples):
            if isinstance(item, Losslessness):
                output.summary(msgspec.to_builtins(item))
            else:
                output.event(item)
    return OK
