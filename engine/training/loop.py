"""The training loop: steps, learning rate, checkpoints, progress; knows neither the objective nor the data."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import torch
from torch import Tensor, nn

from engine.errors import EngineError
from engine.events import Event, Measured, Progressed
from engine.training import checkpoint
from engine.training.checkpoint import Progress
from engine.training.rows import Batch, RowShape

Objective = Callable[[Batch], Tensor]
Batches = Callable[[int, RowShape], Batch]
_REPORT_EVERY = 25


class Stretch(msgspec.Struct, frozen=True):
    """A part of training, up to a share of all steps, and the shapes its steps cycle through."""

    until: float
    shapes: tuple[RowShape, ...]


class Plan(msgspec.Struct, frozen=True):
    """How long and how fast to train: AdamW (0.9, 0.95), linear warm-up, then a share of the steps at the peak rate,
    then linear decay to a twentieth of it."""

    steps: int
    peak_rate: float
    stretches: tuple[Stretch, ...]
    hold: float = 0.0
    warmup: int = 100
    weight_decay: float = 0.1
    clip: float = 1.0
    save_every_s: float = 120.0

    def shape(self, step: int) -> RowShape:
        """The rows of a step."""
        share = step / self.steps
        shapes = next((s for s in self.stretches if share < s.until), self.stretches[-1]).shapes
        return shapes[step % len(shapes)]

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        if step < self.warmup:
            return self.peak_rate * (step + 1) / self.warmup
        held = max(self.warmup, self.hold * self.steps)
        return self.peak_rate * (1.0 - 0.95 * max(0.0, step - held) / max(1.0, self.steps - held))


def train(
    model: nn.Module,
    batches: Batches,
    objective: Objective,
    plan: Plan,
    *,
    folder: Path,
    deadline_s: float | None = None,
) -> Iterator[Event]:
    """Train `model` in place, resuming from `folder`; yields progress and losses, saves on any exit.

    objective: a batch -> scalar loss. deadline_s: stop, saved, after so many seconds of this call.
    Raises EngineError at a loss that is not finite, before it touches the weights."""
    optimizer = _optimizer(model, plan)
    progress = checkpoint.load(folder, model, optimizer)
    started = saved = time.monotonic()
    already = progress.seconds
    model.train()
    try:
        while progress.step < plan.steps:
            loss = _step(model, optimizer, batches, objective, plan, progress.step)
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
    model: nn.Module, optimizer: torch.optim.Optimizer, batches: Batches, objective: Objective, plan: Plan, step: int
) -> float:
    for group in optimizer.param_groups:
        group["lr"] = plan.rate(step)
    device = next(model.parameters()).device
    batch = Batch(*(tensor.to(device) for tensor in batches(step, plan.shape(step))))
    with torch.autocast(device.type, dtype=torch.bfloat16):
        loss = objective(batch)
    value = float(loss.detach())
    if not math.isfinite(value):
        raise EngineError(f"the loss became {value} at step {step}", "resume with a lower learning rate")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
    optimizer.step()
    return value
