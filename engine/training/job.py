"""What a drafter is to be trained from, and what that would take; reads small files only."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import torch

from engine.errors import EngineError, InputError
from engine.events import TrainingEstimated
from engine.models import checkpoint_folder, devices
from engine.models.checkpoint_folder import Checkpoint
from engine.training import estimate
from engine.training.drafter_config import DrafterConfig
from engine.training.texts import Texts


class DrafterJob(NamedTuple):
    """What is to be trained, from what, where."""

    target: str
    data: Path | None
    out: Path
    settings: DrafterConfig
    device: str = "auto"
    dtype: str = "auto"
    resume: bool = False


class CheckedJob(NamedTuple):
    """What a job names, looked at: the target's files, where and in which type it is to run, the texts."""

    target: Checkpoint
    device: torch.device
    dtype: torch.dtype
    texts: Texts | None


def find(job: DrafterJob) -> CheckedJob:
    """Look at what a job names. Raises EngineError: missing, unreadable, nothing to learn from."""
    device = devices.parse_device(job.device)
    return CheckedJob(
        checkpoint_folder.inspect(job.target), device, devices.parse_dtype(job.dtype, device), _texts(job)
    )


def needed(job: DrafterJob, found: CheckedJob, *, loaded: bool) -> TrainingEstimated:
    """What the training would take. Raises InputError for a shape that cannot be."""
    return estimate.estimate(found.target, job.settings, device=found.device, dtype=found.dtype, loaded=loaded)


def estimated(job: DrafterJob, *, loaded: bool) -> TrainingEstimated:
    """What the training would take, and why it would be refused, if it would."""
    nothing = TrainingEstimated(job.target, job.device, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
    try:
        found = find(job)
        nothing = needed(job, found, loaded=loaded)
        estimate.refuse_too_large(nothing, job.out)
    except EngineError as err:
        return msgspec.structs.replace(nothing, why_not=err.message)
    return nothing


def _texts(job: DrafterJob) -> Texts | None:
    if job.data is None and not job.settings.sample:
        raise InputError(
            "there is no text to learn from", "name a folder or file (--data), or let the target (--sample)"
        )
    return None if job.data is None else Texts(job.data)
