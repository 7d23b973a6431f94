"""`draftscope train longspec` and `train ablate-longspec`: a block over a target's last keys, whose memory does not
grow with the text, and what each part of its training brings."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.cli.drafter import carry_out, note_figure, own_folder, refuse_early
from engine.cli.exit_status import OK
from engine.cli.options import Json, NoSave, decimal
from engine.cli.output import Output
from engine.cli.running import stoppable
from engine.settings import make_config
from engine.training.drafter_config import OBJECTIVES, DrafterConfig

_Data = Annotated[
    Path | None,
    typer.Option(help="a folder or file of text: .txt, .md, .jsonl, or builtin: texts of the built-in world"),
]


def train_longspec(
    *,
    target: Annotated[str, typer.Option(help="builtin, a folder, or a hub id in the cache")] = "builtin",
    data: _Data = None,
    sample: Annotated[int, typer.Option(help="tokens of text to add that the target itself writes")] = 0,
    out: Annotated[Path | None, typer.Option(help="the drafter's folder, new; a user folder unless given")] = None,
    minutes: Annotated[float, decimal("time for training, measuring it included")] = 10.0,
    window: Annotated[int, typer.Option(help="earlier tokens that the block attends to by itself")] = 512,
    objective: Annotated[str, typer.Option(help=", ".join(OBJECTIVES))] = "forward-kl",
    add_text: Annotated[
        bool, typer.Option("--add-text", help="add the cross-entropy on the text to a distillation")
    ] = False,
    start_from: Annotated[Path | None, typer.Option(help="a LongSpec drafter of this target, to be trained on")] = None,
    anchor_offset: Annotated[
        bool, typer.Option(help="let short texts stand at large positions, but for a few sinks")
    ] = True,
    noisy: Annotated[bool, typer.Option(help="let the target's keys lag by 1 to 4 tokens, as in a draft")] = True,
    long_share: Annotated[float, decimal("share of the steps, the last ones, on long texts")] = 0.3,
    gamma: Annotated[int, typer.Option(help="draft length at which the speedup is measured")] = 4,
    patience: Annotated[int, typer.Option(help="looks without a better alpha after which training ends early")] = 8,
    steps: Annotated[int, typer.Option(help="steps of training; 0 fits them to the minutes")] = 0,
    rate: Annotated[float, decimal("learning rate at its peak; 0 fits the width")] = 0.0,
    seed: Annotated[int, typer.Option(help="same seed and steps, same drafter")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="go on with the training in the folder")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    dtype: Annotated[str, typer.Option(help="of the target: auto, float32 or bfloat16")] = "auto",
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Train a LongSpec drafter for a target and measure its benefit, before and after."""
    settings = make_config(
        DrafterConfig,
        {
            "start": "longspec", "start_folder": "" if start_from is None else str(start_from),
            "objective": objective, "minutes": minutes, "sample": sample, "window": window,
            "add_text": add_text, "anchor_offset": anchor_offset, "noisy": noisy, "long_share": long_share,
            "gamma": gamma, "patience": patience, "steps": steps, "rate": rate, "seed": seed,
        },
    )  # fmt: skip
    refuse_early(target, data, device, dtype)
    from engine.training.job import DrafterJob

    job = DrafterJob(target, data, out or own_folder(f"{target}-longspec"), settings, device, dtype, resume)
    return carry_out(job, no_save=no_save, json=json)


def ablate_longspec(
    *,
    without: Annotated[str, typer.Option(help="anchor-offset, noisy, distillation or long-stage")] = "anchor-offset",
    target: Annotated[str, typer.Option(help="builtin, a folder, or a hub id in the cache")] = "builtin",
    data: _Data = None,
    out: Annotated[Path | None, typer.Option(help="where the tokens lie; a user folder unless given")] = None,
    steps: Annotated[int, typer.Option(help="steps of each of the two trainings")] = 300,
    window: Annotated[int, typer.Option(help="earlier tokens that the block attends to by itself")] = 512,
    gamma: Annotated[int, typer.Option(help="draft length for which tokens per round are counted")] = 4,
    rate: Annotated[float, decimal("learning rate at its peak; 0 fits the width")] = 0.0,
    seed: Annotated[int, typer.Option(help="same seed and steps, same result")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    dtype: Annotated[str, typer.Option(help="of the target: auto, float32 or bfloat16")] = "auto",
    json: Json = False,
) -> int:
    """Train a LongSpec drafter with and without one part of its training, equally long, and compare their drafts."""
    settings = make_config(
        DrafterConfig,
        {"start": "longspec", "window": window, "gamma": gamma, "steps": steps, "rate": rate, "seed": seed},
    )
    refuse_early(target, data, device, dtype)
    from engine.machine.quiet import quiet_libraries
    from engine.training.ablation import Ablation, ablate, switch_of
    from engine.training.job import DrafterJob

    switch, output = switch_of(without), Output(json=json)
    quiet_libraries()
    job = DrafterJob(target, data, out or own_folder(f"{target}-ablation"), settings, device, dtype, resume=True)
    with stoppable() as flag:  # a stop before there is a result comes as a refusal
        for item in ablate(job, switch, flag):
            if isinstance(item, Ablation):
                output.summary(msgspec.to_builtins(item))
            else:
                note_figure(output, item)
                output.event(item)
    return OK
