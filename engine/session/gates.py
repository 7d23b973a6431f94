"""Collects rows for a gate on the loaded pair, trains the gate, and measures its thresholds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.commands import CollectGateRows, MeasureThresholds, TrainGate
from engine.errors import InputError, InUse
from engine.events import (
    GATE_ROWS,
    GATE_SWEEP,
    ComparedPrompt,
    Event,
    GateRowsCollected,
    GateTrainingStarted,
    SettingsMeasured,
)
from engine.experiments import builtin_prompts, prompt_sets
from engine.experiments.gate_bounds import refuse_collection, refuse_sweep
from engine.experiments.threshold_sweep import SweepJob, sweep
from engine.methods.sprinter.config import SprinterConfig
from engine.methods.sprinter.run import drafter_of
from engine.models.timing_shapes import times_as_deep
from engine.runtime import Cancelled, RunContext, warp_of
from engine.session.work_start import gate_training_started, started_on_pair
from engine.settings import ChatConfig, GenerationConfig, Request, make_config
from engine.training.disk import LOCK, one_at_a_time
from engine.training.gate_collecting import GateCollection, collect
from engine.training.gate_config import GateTrainingConfig
from engine.training.gate_training import GateJob, train_gate

if TYPE_CHECKING:
    from engine.session.session import Session


def collect_rows(session: "Session", command: CollectGateRows, cancelled: Flag) -> Iterator[Event]:
    """Label drafted tokens; see `training.gate_collecting` for the events. Raises InputError before reading, Cancelled
    after the last event of a stopped collection."""
    config = make_config(GenerationConfig, command.settings)
    refuse_collection(command)
    folder = Path(command.out).expanduser()
    context = session.context(Flag())
    drafter = drafter_of(context)
    asked = _prompt_ids(context, gate_prompts(command.prompts, command.n_prompts), make_config(ChatConfig, {}))
    job = GateCollection(asked, command.prompts, command.n_new, warp_of(config), config.seed, folder)
    settings = (
        ("prompts", command.prompts), ("n_prompts", len(asked)), ("n_new", command.n_new), ("seed", config.seed),
        ("temperature", config.temperature), ("top_k", config.top_k), ("top_p", config.top_p),
    )  # fmt: skip
    has_begun = False  # what is refused before the first document leaves nothing behind
    for event in _until_cut_short(session.on_pair(context, lambda rt: collect(job, rt.target, drafter, cancelled))):
        if not has_begun:
            has_begun = True
            yield started_on_pair(session.pair_in_use, "measurement", GATE_ROWS, settings, command.prompts)
        yield event


def gate_prompts(name: str, n: int) -> Sequence[ComparedPrompt]:
    """The prompts that a gate learns from. `builtin`: as many of each task, none of them in a built-in set."""
    task = name.removeprefix("builtin:") if name.startswith("builtin:") else ""
    if name != "builtin" and not task:
        return prompt_sets.read(name, n=n).prompts
    tasks = [task] if task else list(builtin_prompts.BUILTIN_SETS)
    by_task = [builtin_prompts.further(each, -(-n // len(tasks))) for each in tasks]
    return [prompt for prompts in zip(*by_task, strict=True) for prompt in prompts][:n]


def train(session: "Session", command: TrainGate, cancelled: Flag) -> Iterator[Event]:
    """Train a gate; see `training.gate_training` for the events. Raises InUse where another program trains one into
    the same folder: of two gates one would be lost, with the figures of both told."""
    config = make_config(GateTrainingConfig, command.settings)
    if not command.out.strip():
        raise InputError("the gate has no folder", "name a new one")
    job = GateJob(Path(command.rows).expanduser(), Path(command.out).expanduser(), config)
    events = train_gate(job, cancelled)
    started = next(events)  # all that is refused is refused before, and leaves no folder behind
    with _training_into(job.out):
        if isinstance(started, GateTrainingStarted):
            yield gate_training_started(started, command.settings)
        yield started
        yield from events


@contextmanager
def _training_into(out: Path) -> Iterator[None]:
    """The folder of a gate for one training at a time; where none was written, no new folder is left. Raises InUse."""
    try:
        with one_at_a_time(out, "the gate", "trains a gate into", "train again"):
            yield
    except InUse:
        raise  # the folder is the other program's
    except BaseException:
        with suppress(OSError):
            if all(file.name == LOCK for file in out.iterdir()):
                (out / LOCK).unlink()
                out.rmdir()
        raise


def measure(session: "Session", command: MeasureThresholds, cancelled: Flag) -> Iterator[Event]:
    """Measure thresholds and what they are compared with; see `experiments.threshold_sweep` for the events. Raises
    Cancelled after the last event of a stopped sweep."""
    config = make_config(SprinterConfig, {"stop_at_end": False, **command.settings})
    refuse_sweep(command)
    prompt_set = prompt_sets.read(command.prompts, n=command.n_prompts, seed=config.seed)
    context = session.context(cancelled)
    drafter_of(context)
    ids = _prompt_ids(context, prompt_set.prompts, config)
    knows_world = context.target.spec == "builtin" or times_as_deep(context.target.spec) > 1
    questions = builtin_prompts.answered(command.n_questions) if knows_world else ()
    asked = tuple((context.asked(Request(text), config).ids, answer) for text, answer in questions)
    job = SweepJob(
        config, command.thresholds, command.weights, command.leniences, command.gammas, tuple(ids), asked,
        f"{prompt_set.name}, {len(ids)} prompts",
    )  # fmt: skip
    settings = (
        ("thresholds", ",".join(f"{each:g}" for each in command.thresholds)), ("prompts", command.prompts),
        ("n_prompts", len(ids)), ("gate", config.gate), ("cap", config.cap), ("temperature", config.temperature),
    )  # fmt: skip
    yield started_on_pair(session.pair_in_use, "measurement", GATE_SWEEP, settings, prompt_set.name)
    yield from _until_cut_short(session.on_pair(context, lambda rt: sweep(job, rt, cancelled)))


def _until_cut_short(events: Iterator[Event]) -> Iterator[Event]:
    """Pass events on to their end, and raise Cancelled there if one says that the work is not complete: it ends no
    command. Not at once, because what the work has set up, such as inference mode, must be left first."""
    is_cut_short = False
    for event in events:
        yield event
        if isinstance(event, GateRowsCollected | SettingsMeasured):
            is_cut_short = not event.complete
    if is_cut_short:
        raise Cancelled


HANDLERS = {CollectGateRows: collect_rows, TrainGate: train, MeasureThresholds: measure}


def _prompt_ids(context: RunContext, prompts: Sequence[ComparedPrompt], config: ChatConfig) -> list[tuple[int, ...]]:
    """The first turns as they are asked; those that do not fit the target's context are left out."""
    ids = []
    for prompt in prompts:
        try:
            ids.append(context.asked(Request(prompt.turns[0]), config).ids)
        except InputError:
            continue
    if not ids:
        raise InputError("no prompt of the set fits the target's context", "choose another set, or a longer context")
    return ids
