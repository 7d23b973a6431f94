"""Checks the job of training a drafter and estimates what it takes; reads small files only."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import torch

from engine.errors import EngineError, InputError
from engine.events import TrainingEstimated
from engine.models import checkpoint_folder, checks, devices
from engine.models.checkpoint_folder import Checkpoint
from engine.models.loading import LoadedModel
from engine.training import estimate, start
from engine.training.builtin_texts import BuiltinTexts
from engine.training.drafter_config import DrafterConfig
from engine.training.texts import Texts, TrainingTexts, is_builtin


class DrafterJob(NamedTuple):
    """What to train, from which target and texts, and where to put it."""

    target: str
    data: Path | None
    out: Path
    settings: DrafterConfig
    device: str = "auto"
    dtype: str = "auto"
    resume: bool = False


class CheckedJob(NamedTuple):
    """A job whose parts exist: the target's files, its device and type, the texts."""

    target: Checkpoint
    device: torch.device
    dtype: torch.dtype
    texts: TrainingTexts | None


def find(job: DrafterJob, *, may_sample: bool = True) -> CheckedJob:
    """Check what a job names. Raises EngineError if it is missing, unreadable or holds nothing to learn from.

    may_sample: whether the target may write the text instead; the hint offers what the command has."""
    device = devices.parse_device(job.device)
    target = checkpoint_folder.inspect(job.target)
    if job.settings.start == "folder":
        checks.refuse_other_vocabulary(target, start.other_model(job.settings))
    return CheckedJob(target, device, devices.parse_dtype(job.dtype, device), _texts(job, may_sample=may_sample))


def needed(job: DrafterJob, checked: CheckedJob, *, loaded: LoadedModel | None = None) -> TrainingEstimated:
    """What the training would take. Raises InputError for an impossible shape."""
    return estimate.estimate(checked.target, job.settings, device=checked.device, dtype=checked.dtype, loaded=loaded)


def estimated(job: DrafterJob, *, loaded: LoadedModel | None = None) -> TrainingEstimated:
    """What the training would take and, if it would be refused, why."""
    result = TrainingEstimated(job.target, job.device, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
    try:
        checked = find(job)
        result = needed(job, checked, loaded=loaded)
        estimate.refuse_too_large(result, job.out)
    except EngineError as err:
        return msgspec.structs.replace(result, why_not=err.message)
    return result


def _texts(job: DrafterJob, *, may_sample: bool) -> TrainingTexts | None:
    if job.data is None and not (may_sample and job.settings.sample):
        hint = "name a folder or file of text, or builtin (--data)"
        instead = ", or let the target write some (--sample)" if may_sample else ""
        raise InputError("there is no text to learn from", f"{hint}{instead}")
    if job.data is None:
        return None
    return BuiltinTexts() if is_builtin(job.data) else Texts(job.data)
