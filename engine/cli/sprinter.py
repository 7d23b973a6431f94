"""`draftscope sprinter collect` and `sprinter train`: the rows that a gate learns from, and the gate."""

from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import Annotated

import typer

from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import Json, NoSave, PairOptions, Settings, with_options
from engine.cli.output import Output, Value
from engine.cli.running import loaded_session, stoppable, stopped
from engine.commands import CollectGateRows, TrainGate
from engine.errors import InputError
from engine.events import Event, GateRowsCollected, GateScore, GateTrained, Warned
from engine.experiments import prompt_sets
from engine.experiments.gate_bounds import refuse_collection
from engine.machine import paths
from engine.settings import GenerationConfig, make_config
from engine.training.gate_config import GateTrainingConfig

_SAMPLING = ("drafter", "max_new_tokens", "stop_at_end", "repetition_penalty", "generation_rules", "min_p")
_Rows = Annotated[Path | None, typer.Option(help="the folder of the rows; a user folder unless given")]


@with_options(GenerationConfig, hidden=_SAMPLING[1:])
def sprinter_collect(
    *,
    pair: PairOptions,
    settings: Settings,
    prompts: Annotated[
        str, typer.Option(help="builtin, builtin:TASK, english, or a file of prompts; each is a document")
    ] = "builtin",
    documents: Annotated[int, typer.Option(help="documents at most")] = 400,
    tokens: Annotated[int, typer.Option(help="drafted tokens to label along each")] = 40,
    out: _Rows = None,
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Let the drafter draft along texts and label each drafted token by the target; goes on where it was stopped."""
    output, chosen = Output(json=json), as_pair(pair)
    make_config(GenerationConfig, settings)
    folder = out or paths.own_gate_rows(chosen.target, chosen.chosen_drafter())
    command = CollectGateRows(str(folder), prompts, documents, tokens, settings)
    refuse_collection(command)
    prompt_sets.refuse_unreadable(prompts)
    session = loaded_session(chosen, output)
    last: list[GateRowsCollected] = []

    def take(event: Event) -> None:
        kept.take(event)
        output.event(event)
        if isinstance(event, GateRowsCollected):
            last.append(event)

    with KeptLog(Saving(no_save), output) as kept:
        if not followed(lambda flag: session.do(command, flag), take):
            kept.stopped()
    if not last:
        return stopped(output, "nothing was collected yet")
    collected = last[-1]
    fields: dict[str, Value] = {
        "folder": collected.folder, "rows": collected.n_rows, "documents": collected.n_documents,
        "accepted": collected.accepted, "matched": collected.matched, "tv": collected.tv,
        "seconds": collected.seconds, "stopped": not collected.complete, "run": kept.run_id,
    }  # fmt: skip
    output.summary(fields)
    if collected.complete:
        return OK
    return stopped(output, "the documents so far are kept, and the same command goes on with the next one")


@with_options(GateTrainingConfig, hidden=("device", "drafter_device", "dtype", "runtime", "quantize"))
def sprinter_train(
    *, pair: PairOptions, settings: Settings, rows: _Rows = None,
    out: Annotated[Path | None, typer.Option(help="the gate's folder; a user folder unless given")] = None,
    no_save: NoSave = False, json: Json = False,
) -> int:  # fmt: skip
    """Train a gate on collected rows, and measure it on documents that it did not see."""
    from engine.session.session import Session

    make_config(GateTrainingConfig, settings)
    output, chosen = Output(json=json), as_pair(pair)
    target, drafter = chosen.target, chosen.chosen_drafter()
    command = TrainGate(
        str(rows or paths.own_gate_rows(target, drafter)), str(out or paths.own_gate(target, drafter)), settings
    )
    trained: list[GateTrained] = []

    def take(event: Event) -> None:
        kept.take(event)
        output.event(event)
        if isinstance(event, Warned):
            output.note(f"warning: {event.message}; {event.hint}")
        if isinstance(event, GateTrained):
            trained.append(event)

    with KeptLog(Saving(no_save), output) as kept:
        if not followed(lambda flag: Session().do(command, flag), take):
            kept.stopped()
            return stopped(output, "no gate was written; the same command trains it anew")
    output.summary({**_training_summary(trained[-1]), "run": kept.run_id})
    return OK


def followed(start: "Callable[[Flag], object]", take: Callable[[Event], None]) -> bool:
    """Follow work to its end; False where it was stopped."""
    from engine.runtime import Cancelled

    with stoppable() as flag:
        try:
            for event in start(flag):  # type: ignore[attr-defined]
                take(event)
        except Cancelled:
            return False
    return True


def _training_summary(trained: GateTrained) -> dict[str, Value]:
    gate, q = trained.scores
    return {
        "gate": trained.folder, "label": trained.label, "inputs": list(trained.inputs),
        "n_parameters": trained.n_parameters, "auc": gate.auc, "auc_ci": _ci(gate),
        "q_auc": q.auc, "q_auc_ci": _ci(q), "ece": gate.ece, "brier": gate.brier,
        "q_brier": q.brier, "loss": trained.loss, "held_out_loss": trained.held_out_loss,
        "label_agreement": trained.label_agreement, "n_held_out": trained.n_held_out,
        "n_held_out_documents": trained.n_held_out_documents, "seconds": trained.seconds,
    }  # fmt: skip


def _ci(score: GateScore) -> list[float] | None:
    return None if score.auc_ci is None else list(score.auc_ci)


def as_pair(pair: PairOptions) -> PairOptions:
    """The pair, whose drafter must be a model. Raises InputError for one without states."""
    if pair.chosen_drafter() in ("lookup", "none"):
        raise InputError(
            f"{pair.chosen_drafter()} is no model, and a gate reads a model's states", "name one: --drafter"
        )
    return pair
