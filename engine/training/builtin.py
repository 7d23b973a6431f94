"""Makes the built-in models: tokenizer, target, then drafters distilled from the target; each stage resumes."""

import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec
import torch
from filelock import FileLock, Timeout
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine.errors import EngineError, InputError
from engine.events import Event, Measured, Progressed, Warned
from engine.machine.quiet import quiet_libraries
from engine.training import checkpoint, curriculum, first_weights, shapes
from engine.training.curriculum import Phase
from engine.training.disk import refused_by_disk
from engine.training.loop import Objective, train
from engine.training.objectives import forward_kl, next_token_loss
from engine.training.probe import probe
from engine.training.publish import publish
from engine.training.rows import MixtureRows, ProseRows, TrainingBatch, TrainingRows
from engine.training.samples import sampler
from engine.training.stages import CONTINUED_DRAFTERS, CONTINUED_TARGET, DRAFTERS, TARGET, Stage
from engine.training.tokenizer import train_tokenizer
from engine.world.ledger import ledger
from engine.world.story import stories

_TOKENIZER_SEED, _N_TOKENIZER_TEXTS, _TEXTS_PER_WORLD, _TEXTS_PER_STORY = 1, 12_000, 8, 4
_PROBE_EVERY, _N_PROBED = 500, 20
_RANDOM_WEIGHTS = "random weights"


class BuiltinJob(NamedTuple):
    """One call's orders: folders, first weights of the target, the target that is continued, when to stop, how often to
    write snapshots, how many processes make batches."""

    work: Path
    out: Path
    first: Path | None = None
    continued: Path | None = None
    deadline: float | None = None
    snapshot_s: float | None = None
    n_workers: int = 0


def train_builtin(
    work: Path,
    out: Path,
    *,
    minutes: float | None = None,
    start_from: Path | None = None,
    continue_from: Path | None = None,
    snapshot_minutes: float | None = None,
    wider: int = 1,
) -> Iterator[Event]:
    """Train every stage that is not finished, keeping checkpoints in `work` and finished models in `out`.

    minutes: stop, resumable, after so long. start_from: a model of the target's shape to begin with. continue_from: a
    trained target that only learns what retrieval brings, as do the drafters beside it. snapshot_minutes: how often
    the unfinished model is written to `work`/snapshots. wider: so many times the rows a step, made by worker processes;
    a GPU has room for 16. Finished stages are never trained twice.
    Raises EngineError at a loss that is not finite or a full disk, InputError where `work` holds another training."""
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    snapshot_s = None if snapshot_minutes is None else 60 * snapshot_minutes
    n_workers = 0 if wider == 1 else max(1, (os.cpu_count() or 2) - 2)
    quiet_libraries()
    with _alone(work):
        _make_folder(out)
        continued = _continued(work, continue_from)
        job = BuiltinJob(work, out, start_from, continued, deadline, snapshot_s, n_workers)
        tokenizer = _tokenizer(work, continued)
        first, drafters = (TARGET, DRAFTERS) if continued is None else (CONTINUED_TARGET, CONTINUED_DRAFTERS)
        target = yield from _stage(first.wider(wider), tokenizer, job, target=None)
        for stage in drafters:
            if target is not None:
                yield from _stage(stage.wider(wider), tokenizer, job, target=target)


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Hold the training folder. Raises InputError where another training has it."""
    _make_folder(work)
    try:
        with FileLock(work / ".lock", timeout=0):
            yield
    except Timeout as err:
        raise InputError(f"another training is at work in {work}", "wait for it, or choose another folder") from err


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise InputError(f"{folder} cannot hold a training ({err.strerror})", "choose another folder") from err


def _continued(work: Path, wanted: Path | None) -> Path | None:
    """The target that the training in a folder continues, as it was begun; None where it began with nothing."""
    note = work / "continued"
    if note.exists():
        begun = Path(note.read_text(encoding="utf-8"))
        if wanted is not None and wanted.absolute() != begun:
            raise InputError(f"the training in {work} continues {begun}", "choose another folder")
        return begun
    if wanted is None:
        return None
    if (work / TARGET.name).exists():
        raise InputError(f"the training in {work} began from the beginning", "choose another folder")
    first_weights.refuse_other(wanted.absolute(), CONTINUED_TARGET.shape)
    with refused_by_disk("the training", work):
        note.write_text(str(wanted.absolute()), encoding="utf-8")
    return wanted.absolute()


def _tokenizer(work: Path, continued: Path | None) -> PreTrainedTokenizerFast:
    """The tokenizer of the training; of the target that is continued, where one is."""
    folder = work / "tokenizer"
    if not (folder / "tokenizer.json").exists():
        made = _new_tokenizer() if continued is None else PreTrainedTokenizerFast.from_pretrained(continued)
        with refused_by_disk("the tokenizer", folder):
            draft = work / "tokenizer.partial"
            made.save_pretrained(draft)
            draft.replace(folder)
    loaded: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return loaded


def _new_tokenizer() -> PreTrainedTokenizerFast:
    made = train_tokenizer(tokenizer_texts(_N_TOKENIZER_TEXTS), n_entries=shapes.N_ENTRIES)
    made.model_max_length = shapes.CONTEXT
    return made


def tokenizer_texts(n: int) -> Iterator[str]:
    """Yield n texts in every format and, between them, stories."""
    rng, told = Random(_TOKENIZER_SEED), stories(_TOKENIZER_SEED)
    for i in range(n):
        if i % _TEXTS_PER_WORLD == 0:
            phase = rng.choice(curriculum.PHASES)
            drawn = sampler(rng, phase, "train", rng.choice(phase.forms))
        yield drawn.draw(phase, most_documents=4).text
        if i % _TEXTS_PER_STORY == 0:
            yield next(told)


def _stage(
    stage: Stage, tokenizer: PreTrainedTokenizerFast, job: BuiltinJob, *, target: LlamaForCausalLM | None
) -> Generator[Event, None, LlamaForCausalLM | None]:
    """Train one stage; returns the model when the stage is finished, None when time ran out."""
    model = _new_model(stage, tokenizer)
    started_from = _first_weights(stage, model, tokenizer, job, target)
    folder = job.work / stage.name
    left_s = None if job.deadline is None else max(0.0, job.deadline - time.monotonic())
    objective = _objective(model, target if stage.distilled else None)
    rows = _rows(stage, tokenizer)
    snapped = time.monotonic()
    for event in train(
        model, rows.batch, objective, stage.plan, folder=folder, deadline_s=left_s, n_workers=job.n_workers
    ):
        yield _named(event, stage.name)
        if isinstance(event, Progressed) and event.done % _PROBE_EVERY == 0:
            yield from _probed(stage, model, tokenizer, int(event.done))
        due = job.snapshot_s is not None and time.monotonic() - snapped > job.snapshot_s
        if due and checkpoint.progress(folder).step:
            snapped = time.monotonic()
            yield from _snapshot(stage, model, tokenizer, job, started_from)
    progress = checkpoint.progress(folder)
    if progress.step < stage.plan.steps:
        return None
    publish(stage, model, tokenizer, progress, job.out, started_from=started_from)
    return model


def _snapshot(
    stage: Stage, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, job: BuiltinJob, started_from: str
) -> Iterator[Event]:
    """Write the unfinished model beside the checkpoints; a disk that refuses is warned of."""
    try:
        progress = checkpoint.progress(job.work / stage.name)
        publish(stage, model, tokenizer, progress, job.work / "snapshots", started_from=started_from)
    except EngineError as err:
        yield Warned(err.message, "free disk space; the training goes on without this snapshot")


def _new_model(stage: Stage, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    torch.manual_seed(stage.seed)
    model = LlamaForCausalLM(shapes.llama_config(stage.shape, end_id=int(tokenizer.eos_token_id)))
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    return model


def _first_weights(
    stage: Stage,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    job: BuiltinJob,
    target: LlamaForCausalLM | None,
) -> str:
    """Put the stage's first weights into the model; returns what they are."""
    source = _source(stage, job, is_target=target is None)
    if source is None and target is not None and stage.grown_from_target:
        first_weights.grow_from(target, model)
        return "layers of the target"
    note = job.work / f"{stage.name}.start"
    if source is not None and not (job.work / stage.name).exists():
        first_weights.start_from(source, model, tokenizer)
        with refused_by_disk("the training", job.work):
            note.write_text(first_weights.describe(source))
    return note.read_text() if note.exists() else _RANDOM_WEIGHTS


def _source(stage: Stage, job: BuiltinJob, *, is_target: bool) -> Path | None:
    """The model that a stage begins with, if there is one: beside a target that is continued lie its drafters."""
    if is_target:
        return job.continued or job.first
    beside = None if job.continued is None else job.continued.parent / stage.name
    return beside if beside is not None and (beside / "model.safetensors").exists() else None


def _rows(stage: Stage, tokenizer: PreTrainedTokenizerFast) -> TrainingRows:
    if stage.mixture == "ledgers":
        return ProseRows(tokenizer, ledger, seed=stage.seed)
    phases: dict[str, tuple[Phase, ...]] = {
        "everything": curriculum.PHASES, "retrieval": (curriculum.DRILLS, curriculum.RETRIEVAL),
        "drafting": (curriculum.DRAFTING,), "reading": curriculum.READING_PHASES,
    }  # fmt: skip
    return MixtureRows(tokenizer, phases[stage.mixture], seed=stage.seed, steps=stage.plan.steps)


def _probed(stage: Stage, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, step: int) -> Iterator[Measured]:
    for score in probe(model, tokenizer, _N_PROBED):
        yield Measured(f"{stage.name} loss of {score.name}", score.loss, step)
        yield Measured(f"{stage.name} exact {score.name}", score.exact, step)


def _named(event: Event, stage: str) -> Event:
    """The event, saying which stage it belongs to."""
    if isinstance(event, Measured):
        return msgspec.structs.replace(event, name=f"{stage} {event.name}")
    if isinstance(event, Progressed):
        return msgspec.structs.replace(event, unit=f"{event.unit} of {stage}")
    return event


def finished_stages(out: Path) -> list[str]:
    """Names of the stages whose models are complete in `out`."""
    names = dict.fromkeys(stage.name for stage in (TARGET, *DRAFTERS, *CONTINUED_DRAFTERS))
    return [name for name in names if (out / name / "provenance.json").exists()]


def _objective(model: LlamaForCausalLM, teacher: LlamaForCausalLM | None) -> Objective:
    if teacher is None:
        return lambda batch: next_token_loss(_logits(model, batch), batch)

    def distil(batch: TrainingBatch) -> Tensor:
        with torch.no_grad():
            wanted = _logits(teacher, batch)
        return forward_kl(_logits(model, batch), wanted, batch.next_weights)

    return distil


def _logits(model: LlamaForCausalLM, batch: TrainingBatch) -> Tensor:
    logits: Tensor = model(input_ids=batch.ids, use_cache=False).logits
    return logits
