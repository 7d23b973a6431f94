"""Estimates what memory, disk and time the training of a drafter takes, from configurations alone; loads no weights."""

import shutil
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from transformers import PreTrainedConfig

from engine.decoding.clock import settle
from engine.errors import InputError
from engine.events import TrainingEstimated
from engine.models import checks, devices
from engine.models.checkpoint_folder import Checkpoint
from engine.models.loading import LoadedModel
from engine.training import prospects, step_costs, step_memory
from engine.training.drafter_config import DrafterConfig
from engine.training.drafter_shape import DrafterSize
from engine.training.plan import Stretch
from engine.training.rows import RowShape
from engine.training.start import Start, start_of
from engine.training.step_costs import StepCosts

# Weights, gradients and the two moments of Adam, in float32.
_BYTES_A_WEIGHT, _BYTES_A_FROZEN_WEIGHT = 16, 4
# On disk: weights and moments of two checkpoints in float32, and the drafter in bfloat16.
_DISK_BYTES_A_WEIGHT, _DISK_BYTES_A_FROZEN_WEIGHT = 26, 10
_ACTIVATIONS_A_LAYER = 24
_CPU_ROWS, _GPU_ROWS = RowShape(16, 256), RowShape(64, 512)
# As long as the usual window of a LongSpec block, which otherwise never learns to use all of it.
_CPU_LONGSPEC_ROWS = RowShape(2, 512)
# Share of a matrix product's rate that a training step was measured to reach.
_REACHED_SHARE = 0.35
_PROBE_S = 0.15
_HEADROOM = 1.1
_MOST_PROBED = 4096
_FEWEST_STEPS, _ENOUGH_STEPS, _FEWEST_ROWS = 10, 400, 2


class Work(NamedTuple):
    """How a drafter is trained: what it starts from, the rows of a step, and how many of them are computed at once."""

    start: Start
    rows: RowShape
    n_rows_at_once: int


def plan_work(target: PreTrainedConfig, settings: DrafterConfig, *, n_vocabulary: int, device: torch.device) -> Work:
    """Choose start and rows, with as many rows at once as keep the logits within a gigabyte. Raises InputError."""
    start = start_of(target, settings, n_vocabulary=n_vocabulary)
    busy_rows = _CPU_LONGSPEC_ROWS if start.name == "longspec" and device.type != "cuda" else rows_for(device)
    context = int(getattr(target.get_text_config(), "max_position_embeddings", None) or busy_rows.length)
    rows = RowShape(busy_rows.n_rows, min(busy_rows.length, context))
    return Work(start, rows, max(1, min(rows.n_rows, step_memory.most_tokens(n_vocabulary) // rows.length)))


def stretches(work: Work, settings: DrafterConfig, *, context: int) -> tuple[Stretch, ...]:
    """All steps on rows of one length or, where a LongSpec drafter has a long stage, the last ones on long rows: in
    turn as long as memory and the context allow, and a quarter of that."""
    rows = work.rows
    longest = longest_row(work, settings, context=context)
    if longest == rows.length:
        return (Stretch(1.0, (rows,)),)
    lengths = [n for n in (longest, longest // 4) if n > rows.length]
    return Stretch(1.0 - settings.long_share, (rows,)), Stretch(1.0, tuple(_long_rows(work, n) for n in lengths))


def longest_row(work: Work, settings: DrafterConfig, *, context: int) -> int:
    """The length of the longest rows of a training."""
    length = work.rows.length
    if work.start.name != "longspec" or not settings.long_share:
        return length
    most = step_memory.most_tokens_in_parts(work.start.size.n_vocabulary)
    return max(length, min(most, context) // length * length)


def _long_rows(work: Work, length: int) -> RowShape:
    """Rows of a length that hold as many tokens as the short ones together, as far as they can be computed at once."""
    most = step_memory.most_tokens_in_parts(work.start.size.n_vocabulary)
    n_tokens = min(work.rows.n_rows * work.rows.length, most)
    return RowShape(max(1, n_tokens // length), length)


def rows_for(device: torch.device) -> RowShape:
    """The rows per step that keep a device busy."""
    return _GPU_ROWS if device.type == "cuda" else _CPU_ROWS


class Steps(NamedTuple):
    """How many steps of how many rows."""

    n_steps: int
    n_rows: int


def fit_steps(n_rows_in_all: float, most_rows: int) -> Steps:
    """Divide the affordable rows into steps; prefers fewer rows per step to too few steps to learn in."""
    n_rows = max(_FEWEST_ROWS, min(most_rows, round(n_rows_in_all / _ENOUGH_STEPS)))
    return Steps(max(_FEWEST_STEPS, int(n_rows_in_all / n_rows)), n_rows)


def operations_a_token(n_target: int, size: DrafterSize, *, distilled: bool = True) -> float:
    """Multiplications and additions of a training step per token: forward and backward of the drafter, forward of the
    target if distilled. Weights that stay as they are have no gradient of their own."""
    n_frozen = size.n_parameters - size.n_trained
    return 6.0 * size.n_multiplied - 2.0 * min(n_frozen, size.n_multiplied) + (2.0 * n_target if distilled else 0.0)


def estimate(
    target: Checkpoint, settings: DrafterConfig, *, device: torch.device, dtype: torch.dtype, loaded: LoadedModel | None
) -> TrainingEstimated:
    """What the training would take. loaded: the target, if it is in memory already. Raises InputError, ModelError."""
    config = checks.configuration(target)
    work = plan_work(config, settings, n_vocabulary=_vocabulary(config), device=device)
    size, gamma = work.start.size, settings.gamma
    rate = matrix_rate(device, dtype, n_rows=work.n_rows_at_once * work.rows.length, width=_width(config))
    per_token = operations_a_token(target.n_parameters, size, distilled=settings.objective != "cross-entropy")
    costs = step_costs.by_weights(config) if loaded is None else step_costs.of(loaded, gamma=gamma)
    estimated = TrainingEstimated(
        target=target.spec,
        device=str(device),
        target_bytes=0 if loaded is not None else target.n_parameters * dtype.itemsize,
        drafter_bytes=_by_training(size, _BYTES_A_WEIGHT, _BYTES_A_FROZEN_WEIGHT),
        batch_bytes=_batch_bytes(work, config),
        free_bytes=devices.free_bytes(device),
        disk_bytes=_by_training(size, _DISK_BYTES_A_WEIGHT, _DISK_BYTES_A_FROZEN_WEIGHT),
        layers=size.layers,
        width=size.width,
        n_parameters=size.n_parameters,
        tokens_per_s=_REACHED_SHARE * rate / per_token,
        start=work.start.name,
        n_trained=size.n_trained,
    )
    return prospects.judged(costed(estimated, config, work, costs, gamma=gamma), settings)


def costed(
    estimated: TrainingEstimated, config: PreTrainedConfig, work: Work, costs: StepCosts, *, gamma: int
) -> TrainingEstimated:
    """The estimate with what a step of the drafter, and of others, would cost."""
    c = costs.c(work.start.size)
    return msgspec.structs.replace(
        estimated,
        c=c,
        break_even_alpha=step_costs.break_even(costs, c, gamma=gamma),
        gamma=gamma,
        timed=costs.timed,
        sizes=tuple(step_costs.options(config, costs, gamma=gamma)),
    )


def _by_training(size: DrafterSize, trained: int, frozen: int) -> int:
    """So many units for each weight that is trained, and so many for each other."""
    return size.n_trained * trained + (size.n_parameters - size.n_trained) * frozen


def refuse_too_large(needed: TrainingEstimated, out: Path) -> None:
    """Raise InputError if memory or disk would run out."""
    n_bytes = _HEADROOM * (needed.target_bytes + needed.drafter_bytes + needed.batch_bytes)
    if n_bytes > needed.free_bytes:
        reason = f"training needs {_size(n_bytes)}, {_size(needed.free_bytes)} are free on {needed.device}"
        raise InputError(reason, "choose a narrower drafter, --dtype bfloat16 or a smaller target")
    nearest_folder = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    free = shutil.disk_usage(nearest_folder).free
    if needed.disk_bytes > free:
        reason = f"checkpoints need {_size(needed.disk_bytes)}, {_size(free)} are free on the disk of {out}"
        raise InputError(reason, "free the disk, name another folder or choose a narrower drafter")


def _size(n_bytes: float) -> str:
    gib = n_bytes / 2**30
    return f"{gib:.1f} GiB" if gib >= 0.1 else f"{n_bytes / 2**20:.1f} MiB"


def matrix_rate(device: torch.device, dtype: torch.dtype, *, n_rows: int, width: int) -> float:
    """Operations per second of a product [n_rows, width] x [width, 4 width], the best of several runs."""
    n_rows, width = min(n_rows, _MOST_PROBED), min(width, _MOST_PROBED)
    left = torch.randn(n_rows, width, device=device).to(dtype)
    right = torch.randn(width, 4 * width, device=device).to(dtype)
    best = float("inf")
    until = time.perf_counter() + _PROBE_S
    while best == float("inf") or time.perf_counter() < until:
        started = time.perf_counter()
        left @ right
        settle(device)
        best = min(best, time.perf_counter() - started)
    return 8.0 * n_rows * width**2 / best


def _batch_bytes(work: Work, config: PreTrainedConfig) -> int:
    n_tokens = work.n_rows_at_once * work.rows.length
    logits = n_tokens * work.start.size.n_vocabulary * 4 * step_memory.LOGIT_COPIES
    drafter = n_tokens * work.start.size.layers * work.start.size.width * 4 * _ACTIVATIONS_A_LAYER
    return logits + drafter + n_tokens * _width(config) * 4 * _ACTIVATIONS_A_LAYER


def _width(config: PreTrainedConfig) -> int:
    return int(config.get_text_config().hidden_size)


def _vocabulary(config: PreTrainedConfig) -> int:
    return int(config.get_text_config().vocab_size)
