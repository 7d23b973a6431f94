"""`draftscope train drafter` and `train compare-objectives`: a drafter for any target."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from engine.cli import drafter_tables
from engine.cli.exit_status import OK, STOPPED
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import CHAT_CHOICES, Chat, Json, NoSave, decimal, whole_number
from engine.cli.output import Output, Value
from engine.cli.running import stop_noted, stoppable, stopped
from engine.commands import Load, Train
from engine.errors import InputError
from engine.events import (
    DrafterMeasured,
    Event,
    LayersTried,
    Measured,
    Progressed,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    Warned,
    When,
)
from engine.host import early_refusal
from engine.machine.paths import training
from engine.settings import make_config, settings_of
from engine.training import prospects
from engine.training.drafter_config import OBJECTIVES, STARTS, DrafterConfig
from engine.training.texts import is_builtin

if TYPE_CHECKING:
    from engine.training.job import DrafterJob

_AUTO = "auto"
_Target = Annotated[str, typer.Option(help="builtin, a folder, or a hub id in the cache")]
_Data = Annotated[
    Path | None,
    typer.Option(
        help="a folder or file of text: .txt, .md (a document each), .jsonl (lines with text or prompt), or builtin: "
        "texts of the built-in world"
    ),
]
_Sample = Annotated[int, typer.Option(help="tokens of text to add that the target itself writes")]
_Out = Annotated[Path | None, typer.Option(help="the drafter's folder, new; a user folder unless given")]
_Minutes = Annotated[float, decimal("time for training, measuring it included")]
_Size = Annotated[str, typer.Option(help="auto fits it to the target")]
_Objective = Annotated[str, typer.Option(help=", ".join(OBJECTIVES))]
_Seed = Annotated[int, typer.Option(help="same seed and steps, same drafter")]
_Gamma = Annotated[int, typer.Option(help="draft length at which the speedup is measured")]
_Steps = Annotated[int, typer.Option(help="steps of training; 0 fits them to the minutes")]
_Rate = Annotated[float, decimal("learning rate at its peak; 0 fits the width")]
_Patience = Annotated[int, typer.Option(help="looks without a better alpha after which training ends early")]
_Start = Annotated[
    str,
    typer.Option(
        help="first weights: auto, own-layers (the best of the target's, untrained), new, or a model's folder"
    ),
]
_Embed = Annotated[bool, typer.Option("--embed", help="begin with the target's embeddings, at its width")]
_Resume = Annotated[bool, typer.Option("--resume", help="go on with the training in the folder")]
_Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")]
_DType = Annotated[str, typer.Option(help="of the target: auto, float32 or bfloat16")]


def train_drafter(
    *,
    target: _Target = "builtin",
    data: _Data = None,
    sample: _Sample = 0,
    out: _Out = None,
    minutes: _Minutes = 10.0,
    layers: _Size = _AUTO,
    width: _Size = _AUTO,
    objective: _Objective = "forward-kl",
    start_from: _Start = _AUTO,
    embed: _Embed = False,
    gamma: _Gamma = 4,
    patience: _Patience = 8,
    steps: _Steps = 0,
    rate: _Rate = 0.0,
    seed: _Seed = 0,
    resume: _Resume = False,
    chat: Chat = None,
    device: _Device = "auto",
    dtype: _DType = "auto",
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Train a drafter for a target and measure its benefit, before and after."""
    settings = make_config(
        DrafterConfig,
        {
            "objective": objective, "minutes": minutes, "layers": _size("layers", layers),
            "width": _size("width", width), "sample": sample, "gamma": gamma, "patience": patience, "seed": seed,
            "embed": embed, "steps": steps, "rate": rate, "chat": CHAT_CHOICES[chat],
            **_start(start_from),
        },
    )  # fmt: skip
    refuse_early(target, data, device, dtype, start_folder=settings.start_folder)
    from engine.training.job import DrafterJob

    job = DrafterJob(target, data, out or own_folder(target), settings, device, dtype, resume)
    return carry_out(job, no_save=no_save, json=json)


def carry_out(job: "DrafterJob", *, no_save: bool, json: bool) -> int:
    """Train, print what happens and keep it among the runs; returns the exit status."""
    from engine.session.work_start import training_started
    from engine.training.drafter import train_drafter as train

    output = Output(json=json)
    report = _TrainingReport(output)
    with KeptLog(Saving(no_save), output) as kept, stoppable() as flag:
        _quiet()
        with stop_noted(flag, output):
            for event in train(job, flag):
                if not kept.started and not isinstance(event, Progressed):
                    kept.take(training_started(_command(job)))
                kept.take(event)
                report.take(event)
        if flag.is_set() and not report.ended:
            kept.stopped()
    output.summary({**report.summary(job), "run": kept.run_id})
    if not flag.is_set():
        return OK
    # What was stopped before its first step was noted as such.
    return stopped(output, "the same command with --resume continues it") if report.ended else STOPPED


def compare_objectives(
    *,
    target: _Target = "builtin",
    data: _Data = None,
    out: _Out = None,
    minutes: _Minutes = 10.0,
    layers: _Size = _AUTO,
    width: _Size = _AUTO,
    objective: _Objective = "forward-kl",
    steps: Annotated[int, typer.Option(help="steps of each final training; 0 fits them to the minutes")] = 0,
    seed: _Seed = 0,
    chat: Chat = None,
    device: _Device = "auto",
    dtype: _DType = "auto",
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Distillation against cross-entropy alone: same first weights, texts and steps, a learning rate tuned for each."""
    settings = make_config(
        DrafterConfig,
        {
            "objective": objective, "minutes": minutes, "layers": _size("layers", layers),
            "width": _size("width", width), "seed": seed, "steps": steps, "start": "new",
            "chat": CHAT_CHOICES[chat],
        },
    )  # fmt: skip
    if objective == "cross-entropy":
        raise InputError("objective = cross-entropy: it would be compared with itself", "name a distillation")
    refuse_early(target, data, device, dtype)
    from engine.session.work_start import training_started
    from engine.training.comparison import Comparison, compare
    from engine.training.job import DrafterJob

    output = Output(json=json)
    job = DrafterJob(target, data, out or own_folder(f"{target}-objectives"), settings, device, dtype, resume=True)
    with KeptLog(Saving(no_save), output) as kept, stoppable() as flag:
        _quiet()
        for item in compare(job, flag):
            if not kept.started and not isinstance(item, Progressed):
                kept.take(msgspec.structs.replace(training_started(_command(job)), method="compare-objectives"))
            if isinstance(item, Comparison):
                fields = msgspec.to_builtins(item)
                kept.take_figures(fields)
                output.summary({**fields, "run": kept.run_id})
            else:
                kept.take(item)
                note_figure(output, item)
                output.event(item)
        if flag.is_set():
            kept.stopped()
    return stopped(output, "the same command trains anew on the texts that were read") if flag.is_set() else OK


def _start(text: str) -> dict[str, str]:
    """The settings of a start: a name, or else a folder."""
    return {"start": text} if text in STARTS[:-1] else {"start": "folder", "start_folder": text}


def _size(name: str, text: str) -> int:
    if text == _AUTO:
        return 0
    size = whole_number(text)
    if not size:
        raise InputError(f"{name} = {text[:80]}: must be auto or a whole number above 0", f"leave --{name} out")
    return size


def refuse_early(target: str, data: Path | None, device: str, dtype: str, *, start_folder: str = "") -> None:
    """Check the names before torch is imported. Raises InputError, ModelError."""
    early_refusal.refuse(Load(target, start_folder or "none", device))
    if data is not None and not is_builtin(data) and not data.exists():
        raise InputError(f"there are no texts at {data}", "name a folder or a file of text")
    if dtype not in (_AUTO, "float32", "bfloat16"):
        raise InputError(f"dtype = {dtype}: training knows auto, float32 and bfloat16", "leave --dtype out")


def own_folder(target: str) -> Path:
    """The user's folder for drafters of this target."""
    return training() / "drafters" / "".join(c if c.isalnum() or c in "-._" else "-" for c in target)


def _command(job: "DrafterJob") -> Train:
    """The command that would have the window do the same."""
    data = "" if job.data is None else str(job.data)
    settings = dict(settings_of(job.settings))
    return Train(job.target, data, str(job.out), settings, job.device, job.dtype, job.resume)


def _quiet() -> None:
    from engine.machine.quiet import quiet_libraries

    quiet_libraries()


def note_figure(output: Output, event: Event) -> None:
    """Print a figure of a training, or a warning, for the person at the terminal or the reader of its log."""
    if isinstance(event, Measured):
        output.note(f"{event.name} {event.value:.4f} at step {event.round}")
    elif isinstance(event, Warned):
        output.note(f"warning: {event.message}; {event.hint}")


class _TrainingReport:
    """Prints the events of a training and remembers what its summary needs."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._figures: dict[When, DrafterMeasured] = {}
        self._alphas: list[Measured] = []
        self._started: TrainingStarted | None = None
        self._finished: TrainingFinished | None = None
        self._estimated: TrainingEstimated | None = None
        self._tried: LayersTried | None = None

    @property
    def ended(self) -> bool:
        """Whether the training came to an end of its own, or was stopped after a step."""
        return self._finished is not None

    def take(self, event: Event) -> None:
        """Print and remember one event."""
        match event:
            case TrainingEstimated():
                self._take_estimate(event)
            case LayersTried():
                self._tried = event
                self._output.table(drafter_tables.choices(event))
            case TrainingStarted():
                self._started = event
            case TrainingFinished():
                self._finished = event
            case DrafterMeasured(when=when):
                self._figures[when] = event
                if when == "after":
                    self._output.note(prospects.verdict(event))
            case Measured(name="alpha"):
                self._alphas.append(event)
        note_figure(self._output, event)
        self._output.event(event)

    def _take_estimate(self, event: TrainingEstimated) -> None:
        """The second one has costs that were timed on the target."""
        if self._estimated is None:
            origin = {"own-layers": "of the target's own layers", "new": "with new weights", "folder": "of a folder"}
            origin["longspec"] = "a LongSpec block"
            size = f"{event.layers} layers of {event.width}, {event.n_parameters:,} parameters"
            self._output.note(f"{size}, {origin.get(event.start, event.start)}")
        self._estimated = event
        if event.timed and event.sizes:
            self._output.table(drafter_tables.sizes(event))

    def summary(self, job: "DrafterJob") -> dict[str, Value]:
        """The fields of the summary."""
        before, after, finished = self._figures.get("before"), self._figures.get("after"), self._finished
        first = before.alpha if before is not None else self._alphas[0].value if self._alphas else None
        return {
            "drafter": str(job.out),
            "target": job.target,
            "objective": job.settings.objective,
            "layers": None if self._started is None else self._started.layers,
            "width": None if self._started is None else self._started.width,
            "n_parameters": None if self._started is None else self._started.n_parameters,
            "alpha_before": first,
            "alpha_after": after.alpha if after is not None else None if finished is None else finished.alpha,
            "alpha_ci": None if after is None else after.alpha_ci,
            "alpha_overlap": None if after is None else after.alpha_overlap,
            "gamma": job.settings.gamma,
            "tau_before": None if before is None else before.tau,
            "tau": None if after is None else after.tau,
            "c": None if after is None else after.c,
            "c_ci": None if after is None else after.c_ci,
            "c_range": None if after is None else after.c_range,
            "predicted_speedup": None if after is None else after.predicted_speedup,
            "speedup_before": None if before is None else before.speedup,
            "speedup": None if after is None else after.speedup,
            "speedup_ci": None if after is None else after.speedup_ci,
            "speedup_range": None if after is None else after.speedup_range,
            "pays": None if after is None else prospects.pays(after),
            "because": None if after is None else prospects.verdict(after),
            "start": None if self._estimated is None else self._estimated.start,
            "own_layers": None if self._tried is None else self._tried.taken,
            "c_predicted": None if self._estimated is None else self._estimated.c,
            "break_even_alpha": None if self._estimated is None else self._estimated.break_even_alpha,
            **dict(self._final_fields(finished)),
        }

    def _final_fields(self, finished: TrainingFinished | None) -> Iterator[tuple[str, Value]]:
        names = {"n_tokens": "tokens", "step": "steps"}
        for name in ("n_tokens", "tokens_per_s", "matrix_rate_fraction", "seconds", "step", "best_step", "stopped"):
            yield names.get(name, name), None if finished is None else getattr(finished, name)
