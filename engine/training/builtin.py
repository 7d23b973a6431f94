"""Trains the built-in models: tokenizer, target, then drafters distilled from the target; each stage resumes."""

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

from engine.commands.training import Taught
from engine.errors import EngineError, InputError, InUse
from engine.events import Event, Measured, Progressed, Warned
from engine.machine.quiet import quiet_libraries
from engine.training import checkpoint, curriculum, first_weights, lessons, shapes
from engine.training.curriculum import Phase
from engine.training.disk import refused_by_disk
from engine.training.lessons import LessonBook
from engine.training.loop import Objective, train
from engine.training.objectives import forward_kl, next_token_loss
from engine.training.probe import probe
from engine.training.publish import publish
from engine.training.rows import MixtureRows, ProseRows, TrainingBatch, TrainingRows
from engine.training.samples import sampler
from engine.training.stages import (
    CONTINUED_DRAFTERS,
    CONTINUED_TARGET,
    DEMONSTRATED_TARGET,
    DRAFTERS,
    OWN_WORDS_TARGET,
    TARGET,
    UNLIKELIHOOD_TARGET,
    Stage,
)
from engine.training.tokenizer import train_tokenizer
from engine.training.unlikelihood import UnlikelyRepeats
from engine.training.weighted_text import sentence_ends
from engine.world.ledger import ledger
from engine.world.story import stories

_TOKENIZER_SEED, _N_TOKENIZER_TEXTS, _TEXTS_PER_WORLD, _TEXTS_PER_STORY = 1, 12_000, 8, 4
_PROBE_EVERY, _N_PROBED, _REPEATED_WEIGHT = 500, 20, 2.0
_RANDOM_WEIGHTS = "random weights"
_LESSONS = "lessons"


class BuiltinJob(NamedTuple):
    """What one call is to do: folders, first weights of the target, the target that is continued, when to stop, how
    often to write snapshots, how many processes make batches, and the lessons of a stage that has some."""

    work: Path
    out: Path
    first: Path | None = None
    continued: Path | None = None
    deadline: float | None = None
    snapshot_s: float | None = None
    n_workers: int = 0
    books: tuple[LessonBook, ...] = ()


def train_builtin(
    work: Path,
    out: Path,
    *,
    minutes: float | None = None,
    start_from: Path | None = None,
    continue_from: Path | None = None,
    teach: Taught = "",
    steps: int = 0,
    snapshot_minutes: float | None = None,
    wider: int = 1,
) -> Iterator[Event]:
    """Train every stage that is not finished, keeping checkpoints in `work` and finished models in `out`.

    minutes: stop after this time; a later call resumes. start_from: a model of the target's shape with the first
    weights. continue_from: a trained target that learns what `teach` says, and then the drafters beside it; steps: of
    that target, 0: as many as planned; a later call keeps both.
    snapshot_minutes: how often the unfinished model is written to `work`/snapshots. wider: factor on the rows per step,
    which worker processes then make; a GPU has room for 16. Finished stages are never trained again.
    Raises EngineError at a loss that is not finite or a full disk, InputError where `work` holds another training."""
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    snapshot_s = None if snapshot_minutes is None else 60 * snapshot_minutes
    n_workers = 0 if wider == 1 else max(1, (os.cpu_count() or 2) - 2)
    quiet_libraries()
    with _locked(work):
        _make_folder(out)
        continued_target = _continued_target(work, continue_from)
        if continued_target is None and (teach or steps):
            raise InputError("only a trained target is taught so", "name it with --continue-from, or leave that out")
        job = BuiltinJob(work, out, start_from, continued_target, deadline, snapshot_s, n_workers)
        tokenizer = _tokenizer(work, continued_target)
        target_stage, drafter_stages = TARGET, list(DRAFTERS)
        if continued_target is not None:
            target_stage = _continued_stage(work, teach, steps)
            # What the drafter for RAG reads has not changed with the lessons.
            drafter_stages = [s for s in CONTINUED_DRAFTERS if s.distilled or not target_stage.has_lessons]
        if target_stage.has_lessons:
            if not (yield from _lessons(tokenizer, job)):
                return
            job = job._replace(books=lessons.read(work / _LESSONS, curriculum.LESSONS))
        target = yield from _stage(target_stage.wider(wider), tokenizer, job, target=None)
        for stage in drafter_stages:
            if target is not None:
                yield from _stage(stage.wider(wider), tokenizer, job, target=target)


@contextmanager
def _locked(work: Path) -> Iterator[None]:
    """Lock the training folder. Raises InUse where another training holds the lock."""
    _make_folder(work)
    try:
        with FileLock(work / ".lock", timeout=0):
            yield
    except Timeout as err:
        raise InUse(f"another training is at work in {work}", "wait for it, or choose another folder") from err


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise InputError(f"{folder} cannot hold a training ({err.strerror})", "choose another folder") from err


def _continued_target(work: Path, continue_from: Path | None) -> Path | None:
    """The target that the training in `work` continues, as recorded there; None where it trains a new one."""
    note = work / "continued"
    if note.exists():
        recorded = Path(note.read_text(encoding="utf-8"))
        if continue_from is not None and continue_from.absolute() != recorded:
            raise InputError(f"the training in {work} continues {recorded}", "choose another folder")
        return recorded
    if continue_from is None:
        return None
    if (work / TARGET.name).exists():
        raise InputError(f"the training in {work} began from the beginning", "choose another folder")
    first_weights.refuse_other(continue_from.absolute(), CONTINUED_TARGET.shape)
    with refused_by_disk("the training", work):
        note.write_text(str(continue_from.absolute()), encoding="utf-8")
    return continue_from.absolute()


def _continued_stage(work: Path, teach: Taught, steps: int) -> Stage:
    """The stage of a continued target, as the first call recorded it in `work`. Raises InputError if it was another."""
    note = work / "taught.json"
    if not note.exists():
        with refused_by_disk("the training", work):
            note.write_bytes(msgspec.json.encode((teach or "retrieval", steps)))
    recorded = msgspec.json.decode(note.read_bytes(), type=tuple[Taught, int])
    if teach not in ("", recorded[0]) or steps not in (0, recorded[1]):
        reason = f"the training in {work} teaches {recorded[0]} in {recorded[1] or 'the planned'} steps"
        raise InputError(reason, "choose another folder, or name the same")
    targets: dict[str, Stage] = {
        "demonstrations": DEMONSTRATED_TARGET, "own-words": OWN_WORDS_TARGET, "unlikelihood": UNLIKELIHOOD_TARGET,
    }  # fmt: skip
    stage = targets.get(recorded[0], CONTINUED_TARGET)
    return stage.lasting(recorded[1]) if recorded[1] else stage


def _lessons(tokenizer: PreTrainedTokenizerFast, job: BuiltinJob) -> Generator[Event, None, bool]:
    """Retrieve what the lessons show, once, the same for all targets; returns whether there was time for all of it."""
    for progress in lessons.written(job.work / _LESSONS, curriculum.LESSONS, tokenizer, seed=DEMONSTRATED_TARGET.seed):
        yield progress
        if job.deadline is not None and time.monotonic() > job.deadline and progress.done < progress.total:
            return False
    return True


def _tokenizer(work: Path, continued: Path | None) -> PreTrainedTokenizerFast:
    """The tokenizer of the training; that of the continued target, if there is one."""
    folder = work / "tokenizer"
    if not (folder / "tokenizer.json").exists():
        tokenizer = _new_tokenizer() if continued is None else PreTrainedTokenizerFast.from_pretrained(continued)
        with refused_by_disk("the tokenizer", folder):
            partial = work / "tokenizer.partial"
            tokenizer.save_pretrained(partial)
            partial.replace(folder)
    loaded: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return loaded


def _new_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = train_tokenizer(tokenizer_texts(_N_TOKENIZER_TEXTS), n_entries=shapes.N_ENTRIES)
    tokenizer.model_max_length = shapes.CONTEXT
    return tokenizer


def tokenizer_texts(n: int) -> Iterator[str]:
    """Yield n texts, which cover every format, and stories between them."""
    rng, story_texts = Random(_TOKENIZER_SEED), stories(_TOKENIZER_SEED)
    for i in range(n):
        if i % _TEXTS_PER_WORLD == 0:
            phase = rng.choice(curriculum.PHASES)
            text_sampler = sampler(rng, phase, "train", rng.choice(phase.forms))
        yield text_sampler.draw(phase, most_documents=4).text
        if i % _TEXTS_PER_STORY == 0:
            yield next(story_texts)


def _stage(
    stage: Stage, tokenizer: PreTrainedTokenizerFast, job: BuiltinJob, *, target: LlamaForCausalLM | None
) -> Generator[Event, None, LlamaForCausalLM | None]:
    """Train one stage; returns the model when the stage is finished, None if time runs out."""
    model = _new_model(stage, tokenizer)
    started_from = _first_weights(stage, model, tokenizer, job, target)
    folder = job.work / stage.name
    remaining_s = None if job.deadline is None else max(0.0, job.deadline - time.monotonic())
    objective = _objective(
        model, target if stage.distilled else None, sentence_ends(tokenizer) | {int(tokenizer.eos_token_id)}
    )
    rows = _rows(stage, tokenizer, job.books)
    last_snapshot = time.monotonic()
    for event in train(
        model, rows.batch, objective, stage.plan, folder=folder, deadline_s=remaining_s, n_workers=job.n_workers
    ):
        yield _with_stage_name(event, stage.name)
        if isinstance(event, Progressed) and event.done % _PROBE_EVERY == 0:
            yield from _probe_events(stage, model, tokenizer, int(event.done))
        snapshot_due = job.snapshot_s is not None and time.monotonic() - last_snapshot > job.snapshot_s
        if snapshot_due and checkpoint.progress(folder).step:
            last_snapshot = time.monotonic()
            yield from _snapshot(stage, model, tokenizer, job, started_from)
    progress = checkpoint.progress(folder)
    if progress.step < stage.plan.steps:
        return None
    publish(stage, model, tokenizer, progress, job.out, started_from=started_from, taught=_taught(stage))
    return model


def _taught(stage: Stage) -> str:
    """What the lessons of a stage are, for its provenance; empty if it has none."""
    if not stage.has_lessons:
        return ""
    stories = "; stories, which do not repeat themselves" if stage.mixture in ("own-words", "unlikelihood") else ""
    if stage.mixture == "unlikelihood":
        stories += "; unlikelihood of sentences begun as one before, in stories of its own (arXiv:1908.04319)"
    return f"{curriculum.LESSONS.described()}; {curriculum.FAR.described()}{stories}"


def _snapshot(
    stage: Stage, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, job: BuiltinJob, started_from: str
) -> Iterator[Event]:
    """Write the unfinished model beside the checkpoints; if the disk refuses, yield a warning."""
    try:
        progress = checkpoint.progress(job.work / stage.name)
        out = job.work / "snapshots"
        publish(stage, model, tokenizer, progress, out, started_from=started_from, taught=_taught(stage))
    except EngineError as err:
        yield Warned(err.message, "free disk space; the training continues without this snapshot")


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
    """Copy the stage's first weights into the model; returns a description of them."""
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
    """The model that a stage starts from, if there is one; a continued target has its drafters beside it."""
    if is_target:
        return job.continued or job.first
    drafter_folder = None if job.continued is None else job.continued.parent / stage.name
    return drafter_folder if drafter_folder is not None and (drafter_folder / "model.safetensors").exists() else None


def _rows(stage: Stage, tokenizer: PreTrainedTokenizerFast, books: tuple[LessonBook, ...]) -> TrainingRows:
    if stage.mixture == "ledgers":
        return ProseRows(tokenizer, ledger, seed=stage.seed)
    phases: dict[str, tuple[Phase, ...]] = {
        "everything": curriculum.PHASES, "retrieval": (curriculum.DRILLS, curriculum.RETRIEVAL),
        "demonstrations": (curriculum.DEMONSTRATED,), "own-words": (curriculum.OWN_WORDS,),
        "unlikelihood": (curriculum.UNLIKELIHOOD,),
        "drafting": (curriculum.DRAFTING,), "reading": curriculum.READING_PHASES,
    }  # fmt: skip
    return MixtureRows(tokenizer, phases[stage.mixture], seed=stage.seed, steps=stage.plan.steps, books=books)


def _probe_events(
    stage: Stage, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, step: int
) -> Iterator[Measured]:
    for score in probe(model, tokenizer, _N_PROBED):
        yield Measured(f"{stage.name} loss of {score.name}", score.loss, step)
        yield Measured(f"{stage.name} exact {score.name}", score.exact, step)


def _with_stage_name(event: Event, stage: str) -> Event:
    """The event with the name of its stage added."""
    if isinstance(event, Measured):
        return msgspec.structs.replace(event, name=f"{stage} {event.name}")
    if isinstance(event, Progressed):
        return msgspec.structs.replace(event, unit=f"{event.unit} of {stage}")
    return event


def finished_stages(out: Path) -> list[str]:
    """Names of the stages whose models are complete in `out`."""
    names = dict.fromkeys(stage.name for stage in (TARGET, *DRAFTERS, *CONTINUED_DRAFTERS))
    return [name for name in names if (out / name / "provenance.json").exists()]


def _objective(model: LlamaForCausalLM, teacher: LlamaForCausalLM | None, ends: frozenset[int]) -> Objective:
    repeats = UnlikelyRepeats(model, ends)

    def read(batch: TrainingBatch) -> Tensor:
        loss = next_token_loss(_logits(model, batch), batch)
        return loss if batch.beginnings is None else loss + _REPEATED_WEIGHT * repeats.loss(batch.beginnings)

    def distil(batch: TrainingBatch) -> Tensor:
        with torch.no_grad():
            teacher_logits = _logits(teacher, batch)
        return forward_kl(_logits(model, batch), teacher_logits, batch.next_weights)

    return read if teacher is None else distil


def _logits(model: LlamaForCausalLM, batch: TrainingBatch) -> Tensor:
    """[B, T, V]. Where positions jump, the mask says that the row is one text; without it transformers sees several."""
    mask = None if batch.positions is None else torch.ones_like(batch.ids)
    logits: Tensor = model(
        input_ids=batch.ids, position_ids=batch.positions, attention_mask=mask, use_cache=False
    ).logits
    return logits
