"""The training loop: steps, learning rate, checkpoints, progress; knows neither the objective nor the data."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import EngineError
from engine.events import Event, Measured, Progressed
from engine.training import checkpoint
from engine.training.checkpoint import Progress
from engine.training.feed import Batches, batches_from
from engine.training.plan import Plan
from engine.training.rows import Batch

Objective = Callable[[Batch], Tensor]
_REPORT_EVERY = 25


def train(
    model: nn.Module,
    batches: Batches,
    objective: Objective,
    plan: Plan,
    *,
    folder: Path,
    deadline_s: float | None = None,
    n_workers: int = 0,
) -> Iterator[Event]:
    """Train `model` in place, resuming from `folder`; yields progress and losses, saves on any exit.

    objective: a batch -> scalar loss. deadline_s: stop, saved, after so many seconds of this call. n_workers:
    processes that make batches ahead.
    Raises EngineError at a loss that is not finite, before it touches the weights."""
    optimizer = _optimizer(model, plan)
    progress = checkpoint.load(folder, model, optimizer)
    started = saved = time.monotonic()
    already = progress.seconds
    model.train()
    try:
        for batch in batches_from(batches, plan, progress.step, n_workers=n_workers):
            loss = _step(model, optimizer, batch, objective, plan, progress.step)
            progress = _advance(progress, plan, loss, already + time.monotonic() - started)
            if progress.step % _REPORT_EVERY == 0 or progress.step == plan.steps:
                yield Measured("loss", progress.losses[-1][1], progress.step)
            yield Progressed("training", progress.step, plan.steps, "steps")
            if time.monotonic() - saved > plan.save_every_s:
                checkpoint.save(folder, model, optimizer, progress)
                saved = time.monotonic()
            if deadline_s is not None and time.monotonic() - started > deadline_s:
                return
    finally:
        checkpoint.save(folder, model, optimizer, progress)
        model.eval()


def _advance(progress: Progress, plan: Plan, loss: float, seconds: float) -> Progress:
    shape = plan.shape(progress.step)
    losses = progress.losses
    if (progress.step + 1) % _REPORT_EVERY == 0 or progress.step + 1 == plan.steps or not losses:
        losses = (*losses, (progress.step, round(loss, 4)))
    return Progress(progress.step + 1, progress.n_tokens + shape.n_rows * shape.length, losses, seconds)


def _optimizer(model: nn.Module, plan: Plan) -> torch.optim.AdamW:
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": plan.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=plan.peak_rate, betas=(0.9, 0.95), fused=True)


def _step(
    model: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch, objective: Objective, plan: Plan, step: int
) -> float:
    for group in optimizer.param_groups:
        group["lr"] = plan.rate(step)
    device = next(model.parameters()).device
    with torch.autocast(device.type, dtype=torch.bfloat16):
        loss = objective(Batch(*(tensor.to(device) for tensor in batch)))
    value = float(loss.detach())
    if not math.isfinite(value):
        raise EngineError(f"the loss became {value} at step {step}", "resume with a lower learning rate")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
    optimizer.step()
    return value
