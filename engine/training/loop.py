"""The training loop: steps, learning rate, looks, checkpoints and progress, for any objective and any batches."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec
import torch
from torch import Tensor, nn

from engine.decoding.transfers import uploaded
from engine.errors import EngineError
from engine.events import CheckpointSaved, Event, Measured, Progressed
from engine.training import checkpoint
from engine.training.checkpoint import TrainingProgress
from engine.training.feed import Batches, batches_from
from engine.training.pausing import Pause, no_pause
from engine.training.plan import TrainingPlan
from engine.training.rows import TrainingBatch

Objective = Callable[[TrainingBatch], Tensor]
Clock = Callable[[], float]


class LossNotFinite(EngineError):
    """The loss or its gradient is NaN or infinite; the weights are those before that step."""


class Scorer(Protocol):
    """Scores the model between steps. name: of the series of scores; every: steps between two looks."""

    name: str
    every: int

    def score(self, progress: TrainingProgress) -> float:
        """How good the model is now."""

    def enough(self, progress: TrainingProgress) -> bool:
        """Whether the model will not get better."""


class StepPace(msgspec.Struct, frozen=True):
    """How a step is computed: its type where a layer allows it, how many rows at once (0: all of them), and how many
    steps apart the loss is reported. pause: called before each part of a step; where it raises, the step is undone."""

    dtype: torch.dtype = torch.bfloat16
    n_rows_at_once: int = 0
    report_every: int = 25
    pause: Pause = no_pause


def train(
    model: nn.Module,
    batches: Batches,
    objective: Objective,
    plan: TrainingPlan,
    *,
    folder: Path,
    deadline_s: float | None = None,
    n_workers: int = 0,
    look: Scorer | None = None,
    pace: StepPace | None = None,
    clock: Clock = time.monotonic,
) -> Iterator[Event]:
    """Train `model` in place, resuming from `folder`; yields progress, losses and scores, saves on any exit.

    objective: batch -> scalar loss. deadline_s: save and stop after so many seconds of this call, measured by `clock`.
    n_workers: processes that make batches ahead. look: scores the model now and then, and may end training early.
    Raises LossNotFinite before such a step changes the weights, EngineError if the disk refuses a checkpoint."""
    optimizer = _optimizer(model, plan)
    progress = checkpoint.load(folder, model, optimizer)
    start_s = saved_s = clock()
    earlier_s = progress.seconds
    pace = pace or StepPace()
    model.train()
    try:
        for batch in batches_from(batches, plan, progress.step, n_workers=n_workers):
            if look is not None and progress.step % look.every == 0:
                progress = _with_score(look, model, progress)
                yield Measured(look.name, progress.scores[-1][1], progress.step)
                if look.enough(progress):
                    return
            loss = _step(model, optimizer, batch, objective, plan, progress.step, pace)
            progress = _advance(progress, plan, loss, earlier_s + clock() - start_s, pace.report_every)
            if progress.step % pace.report_every == 0 or progress.step == plan.steps:
                yield Measured("loss", progress.losses[-1][1], progress.step)
            yield Progressed("training", progress.step, plan.steps, "steps")
            if clock() - saved_s > plan.save_every_s:
                checkpoint.save(folder, model, optimizer, progress)
                saved_s = clock()
                yield CheckpointSaved(progress.step)
            if deadline_s is not None and clock() - start_s > deadline_s:
                break
        if look is not None:
            progress = _with_score(look, model, progress)
            yield Measured(look.name, progress.scores[-1][1], progress.step)
    finally:
        checkpoint.save(folder, model, optimizer, progress)
        model.eval()


def train_in_memory(
    model: nn.Module, batches: Batches, objective: Objective, plan: TrainingPlan, pace: StepPace
) -> Iterator[int]:
    """Train `model` in place without a checkpoint; yields the number of steps made. Raises LossNotFinite."""
    optimizer = _optimizer(model, plan)
    model.train()
    for step, batch in enumerate(batches_from(batches, plan, 0, n_workers=0)):
        _step(model, optimizer, batch, objective, plan, step, pace)
        yield step + 1


def _advance(
    progress: TrainingProgress, plan: TrainingPlan, loss: float, seconds: float, every: int
) -> TrainingProgress:
    shape = plan.shape(progress.step)
    losses = progress.losses
    if (progress.step + 1) % every == 0 or progress.step + 1 == plan.steps or not losses:
        losses = (*losses, (progress.step, round(loss, 4)))
    n_tokens = progress.n_tokens + shape.n_rows * shape.length
    return TrainingProgress(progress.step + 1, n_tokens, losses, seconds, progress.scores)


def _with_score(look: Scorer, model: nn.Module, progress: TrainingProgress) -> TrainingProgress:
    """The progress with the score at its step, which is taken only once even if training resumes there."""
    if progress.scores and progress.scores[-1][0] == progress.step:
        return progress
    model.eval()
    score = look.score(progress)
    model.train()
    return msgspec.structs.replace(progress, scores=(*progress.scores, (progress.step, score)))


def _optimizer(model: nn.Module, plan: TrainingPlan) -> torch.optim.AdamW:
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": plan.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=plan.peak_rate, betas=(0.9, 0.95), fused=True)


def _step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: TrainingBatch,
    objective: Objective,
    plan: TrainingPlan,
    step: int,
    pace: StepPace,
) -> float:
    for group in optimizer.param_groups:
        group["lr"] = plan.rate(step)
    optimizer.zero_grad(set_to_none=True)
    value = accumulate(model, batch, objective, pace)
    if not math.isfinite(value):
        raise LossNotFinite(f"the loss became {value} at step {step}", "resume with a lower learning rate")
    # A finite loss may have a gradient that is not, and the step would spread it over every weight.
    norm = float(nn.utils.clip_grad_norm_(model.parameters(), plan.clip))  # sync: one a step
    if not math.isfinite(norm):
        raise LossNotFinite(f"the gradient became {norm} at step {step}", "resume with a lower learning rate")
    optimizer.step()
    return value


def accumulate(model: nn.Module, batch: TrainingBatch, objective: Objective, pace: StepPace) -> float:
    """Add the gradient of a batch's loss, computed some rows at a time to bound memory; returns the loss."""
    device = next(model.parameters()).device
    n_rows = len(batch.ids)
    total = 0.0
    for part in _parts(batch, pace.n_rows_at_once or n_rows):
        pace.pause()
        with torch.autocast(device.type, dtype=pace.dtype, enabled=pace.dtype != torch.float32):
            loss = objective(_uploaded(part, device)) * (len(part.ids) / n_rows)
        total += float(loss.detach())  # sync: one a part
        if not math.isfinite(total):
            break
        loss.backward()  # type: ignore[no-untyped-call]
    return total


def _parts(batch: TrainingBatch, n_rows: int) -> Iterator[TrainingBatch]:
    for first in range(0, len(batch.ids), n_rows):
        yield batch.rows(first, first + n_rows)


def _uploaded(batch: TrainingBatch, device: torch.device) -> TrainingBatch:
    positions, beginnings = (None if ids is None else uploaded(ids, device) for ids in batch[2:])
    return TrainingBatch(uploaded(batch.ids, device), uploaded(batch.weights, device), positions, beginnings)
