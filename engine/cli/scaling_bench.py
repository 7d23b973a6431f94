"""`draftscope bench scaling`: time per token against context, draft length and batch size."""

from typing import Annotated

import msgspec
import typer

from engine.cli.bench import CHAT, FIXED, GREEDY, batch_sizes, drafted_session, refuse_below
from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import Json, NoSave, Out, PairOptions, Settings, numbers, with_options
from engine.cli.output import Output
from engine.commands import CONTEXTS, Measure
from engine.events import ScalingMeasured
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import make_config


@with_options(SpeculativeConfig, hidden=(*FIXED, *GREEDY, *CHAT, "max_new_tokens", "seed"))
def bench_scaling(
    *,
    pair: PairOptions,
    settings: Settings,
    contexts: Annotated[str, typer.Option(help="prompt lengths, separated by commas")] = "",
    gammas: Annotated[str, typer.Option(help="draft lengths, separated by commas")] = "",
    batches: Annotated[str, typer.Option(help="batch sizes to measure besides, separated by commas")] = "",
    max_new_tokens: Annotated[int, typer.Option(help="new tokens of every block")] = 64,
    blocks: Annotated[int, typer.Option(help="interleaved blocks at every point, at least 3")] = 5,
    out: Out = None,
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Measure time per token against context and draft length, beside transformers and the formula."""
    output = Output(json=json, out=out)
    config = make_config(SpeculativeConfig, settings)
    refuse_below("max-new-tokens", max_new_tokens, 8)
    refuse_below("blocks", blocks, 3)
    named_contexts = numbers("contexts", contexts, default=())
    lengths = numbers("gammas", gammas, default=tuple(range(1, 9)))
    sizes = batch_sizes(batches)
    from engine.measuring.scaling import Scales, ScalingBench, bench
    from engine.session.work_start import start_of

    session = drafted_session("bench scaling", pair, output)
    models = session.models
    assert models is not None
    prompt_lengths = named_contexts or tuple(context for context in CONTEXTS if context <= models.target.context)
    scales = Scales(prompt_lengths, lengths, sizes, config.gamma, max_new_tokens, blocks)
    command = Measure(config.gamma, prompt_lengths, lengths, sizes, max_new_tokens, blocks)
    with KeptLog(Saving(no_save), output) as kept:
        for item in bench(models, scales):
            if isinstance(item, ScalingBench):
                output.summary({**msgspec.to_builtins(item), "run": kept.run_id})
                continue
            if isinstance(item, ScalingMeasured) and not kept.started:
                kept.take(start_of(session.pair_in_use, command))
            kept.take(item)
            output.event(item)
    return OK
