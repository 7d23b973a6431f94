"""Fits a drafter's training to the machine and its minutes: number format, steps, rows per step, looks; its plan."""

from collections.abc import Callable
from functools import partial
from statistics import fmean
from typing import NamedTuple

import torch
from torch import nn

from engine.models import devices
from engine.models.loading import LoadedModel
from engine.training import estimate, student
from engine.training.drafter_config import DrafterConfig
from engine.training.drafter_shape import peak_rate
from engine.training.estimate import Work
from engine.training.held_out import HeldOutTexts
from engine.training.loop import StepPace, accumulate
from engine.training.pausing import Pause
from engine.training.plan import TrainingPlan
from engine.training.token_store import TokenStore
from engine.training.workplace import TrainingStart

_SHARE_OF_STEPS, _SHARE_OF_LOOKS = 0.85, 0.1
# Looks after long beginnings cost more.
_FEWEST_LOOKS, _LONG_LOOKS, _MOST_LOOKS = 3, 8, 24
_SAVE_EVERY_S = 30.0


class Workload(NamedTuple):
    """What is fitted to the machine: type, steps, rows per step, number of looks."""

    dtype: torch.dtype
    steps: int
    n_rows: int
    n_looks: int


class Trial(NamedTuple):
    """What a workload is measured with: the models, the settings, the texts."""

    target: LoadedModel
    model: nn.Module
    settings: DrafterConfig
    store: TokenStore
    held_out: HeldOutTexts


def fixed(work: Work, settings: DrafterConfig, *, device: torch.device) -> Workload:
    """The workload for configured steps; nothing is measured, so that the same seed gives the same drafter."""
    half = device.type == "cuda" and devices.computes_bfloat16(device)
    n_looks = _LONG_LOOKS if work.start.name == "longspec" and settings.long_share else _MOST_LOOKS
    return Workload(torch.bfloat16 if half else torch.float32, settings.steps, work.rows.n_rows, n_looks)


def fitted(trial: Trial, work: Work, *, remaining_s: Callable[[], float], pause: Pause) -> Workload:
    """Fit type, steps, rows and looks to the machine and the time that remains once they are measured."""
    target, model, held_out = trial.target, trial.model, trial.held_out
    batch = trial.store.rows(seed=trial.settings.seed).batch(0, work.rows)
    objective = student.objective_of(model, target, trial.settings)
    dtype, step_s = student.fastest(model, batch, objective, n_rows_at_once=work.n_rows_at_once, pause=pause)
    step_s = _mean_step_s(trial, work, StepPace(dtype, work.n_rows_at_once, pause=pause), step_s)
    look_s = student.seconds_of(lambda: held_out.agreement(model, pause=pause), target.device)
    left_s = remaining_s()
    n_looks = max(_FEWEST_LOOKS, min(_MOST_LOOKS, int(_SHARE_OF_LOOKS * left_s / look_s)))
    n_affordable = (_SHARE_OF_STEPS * left_s - n_looks * look_s) / step_s * work.rows.n_rows
    steps, n_rows = estimate.fit_steps(n_affordable, work.rows.n_rows)
    return Workload(dtype, steps, n_rows, n_looks)


def _mean_step_s(trial: Trial, work: Work, pace: StepPace, short_s: float) -> float:
    """Seconds per step over the whole training, of which the last steps may be on long rows. short_s: of the others."""
    target, settings = trial.target, trial.settings
    *_, last = stretches = estimate.stretches(work, settings, context=target.context)
    if len(stretches) == 1:
        return short_s
    rows = trial.store.rows(seed=settings.seed, whole_from=work.rows.length + 1)
    objective = student.objective_of(trial.model, target, settings)
    long_s = [
        student.seconds_of(
            partial(accumulate, trial.model, rows.batch(0, shape), objective, pace), target.device, warm=False
        )
        for shape in last.shapes
    ]
    trial.model.zero_grad(set_to_none=True)
    return (1.0 - settings.long_share) * short_s + settings.long_share * fmean(long_s)


def record(trial: Trial, work: Work, fitting: Workload) -> TrainingStart:
    """What a training begins with, and continues with however often it is interrupted."""
    start, settings = work.start, trial.settings
    return TrainingStart(
        target=trial.target.spec,
        source=trial.store.source,
        settings=settings,
        layers=start.size.layers,
        width=start.size.width,
        dtype=str(fitting.dtype).removeprefix("torch."),
        steps=fitting.steps,
        n_rows=fitting.n_rows,
        every=max(1, fitting.steps // fitting.n_looks),
        rate=peak_rate(
            settings,
            start.size.width,
            share_of_rows=fitting.n_rows / work.rows.n_rows,
            is_new=start.name == "new" or (start.name == "longspec" and not settings.start_folder),
        ),
        start=start.name,
    )


def plan(began: TrainingStart, work: Work, *, context: int) -> TrainingPlan:
    """The plan of a training that began so. context: the target's."""
    return TrainingPlan(
        steps=began.steps,
        peak_rate=began.rate,
        stretches=estimate.stretches(work, began.settings, context=context),
        hold=0.3,
        warmup=max(1, min(100, began.steps // 10)),
        save_every_s=_SAVE_EVERY_S,
    )
