"""`draftscope train builtin`: trains the built-in models."""

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import Json, NoSave, decimal, refuse_minutes
from engine.cli.output import Output
from engine.cli.running import stoppable, stopped
from engine.commands.training import Taught
from engine.errors import InputError
from engine.machine.paths import training

_Work = Annotated[Path | None, typer.Option(help="where checkpoints lie; a user folder unless given")]
_Out = Annotated[Path | None, typer.Option(help="where finished models go; beside the checkpoints unless given")]
_First = Annotated[Path | None, typer.Option(help="begin the target with the weights of this folder, of its shape")]
_Continued = Annotated[
    Path | None, typer.Option(help="teach this trained target, and the drafters beside it, what retrieval brings")
]
_Teach = Annotated[
    str,
    typer.Option(
        help="what the continued target learns: retrieval (usual); demonstrations, and iterating; own-words: not to"
        " repeat itself; or unlikelihood: the same, from stories of its own"
    ),
]
_Steps = Annotated[int, typer.Option(min=0, help="steps of the continued target; 0: as many as planned")]
_Snapshots = Annotated[float | None, decimal("write the unfinished model so often, in minutes")]
_Wider = Annotated[int, typer.Option(min=1, max=64, help="times the rows a step; a GPU has room for 16")]
_Minutes = Annotated[float | None, decimal("stop, resumable, after so many minutes")]


def train_builtin(
    *,
    work: _Work = None,
    out: _Out = None,
    minutes: _Minutes = None,
    start_from: _First = None,
    continue_from: _Continued = None,
    teach: _Teach = "",
    steps: _Steps = 0,
    snapshot_minutes: _Snapshots = None,
    wider: _Wider = 1,
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Train the built-in target and drafters; run again to resume."""
    for name, value in (("minutes", minutes), ("snapshot-minutes", snapshot_minutes)):
        if value is not None:
            refuse_minutes(name, value)
    for first in (start_from, continue_from):
        if first is not None and not (first / "config.json").exists():
            raise InputError(f"{first} holds no model", "name a folder with config.json and model.safetensors")
    if start_from is not None and continue_from is not None:
        raise InputError("a target is begun or continued", "give --start-from or --continue-from")
    if teach not in get_args(Taught):
        raise InputError(
            f"teach = {teach[:40]}: is not known", "use retrieval, demonstrations, own-words or unlikelihood"
        )
    from engine.events import Measured, Progressed, Warned
    from engine.session.work_start import builtin_training_started
    from engine.training.builtin import finished_stages, train_builtin

    output = Output(json=json)
    folder = work or training() / "builtin"
    published = out or folder / "models"
    losses: dict[str, float] = {}
    with KeptLog(Saving(no_save), output) as kept, stoppable() as flag:
        for event in train_builtin(
            folder, published, minutes=minutes, start_from=start_from, continue_from=continue_from,
            teach=cast(Taught, teach), steps=steps, snapshot_minutes=snapshot_minutes, wider=wider,
        ):  # fmt: skip
            if not kept.started and not isinstance(event, Progressed):
                kept.take(builtin_training_started(published, minutes))
            kept.take(event)
            output.event(event)
            if isinstance(event, Measured):
                losses[event.name] = event.value
                output.note(f"{event.name} {event.value:.4f} at step {event.round}")
            elif isinstance(event, Warned):
                output.note(f"warning: {event.message}; {event.hint}")
            if flag.is_set():
                kept.stopped()
                break
        else:
            kept.finished()
    finished = finished_stages(published)
    where = {"checkpoints": str(folder), "models": str(published), "run": kept.run_id}
    output.summary({"finished": finished, "losses": losses, **where})
    return stopped(output, "the same command goes on from the last checkpoint") if flag.is_set() else OK
