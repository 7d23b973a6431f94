"""Trains a drafter, or estimates what that would take."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.commands import EstimateTraining, Train
from engine.errors import InputError
from engine.events import Event
from engine.models import devices
from engine.models.loading import LoadedModel
from engine.session.memory import release_memory
from engine.settings import make_config
from engine.training.drafter import train_drafter
from engine.training.drafter_config import DrafterConfig
from engine.training.job import DrafterJob, estimated

if TYPE_CHECKING:
    from engine.session.session import Session


def train(session: "Session", command: Train, cancelled: Flag) -> Iterator[Event]:
    """Train a drafter, with the loaded target if that is the one named; see `train_drafter` for its events."""
    job = _job(command)
    try:
        yield from train_drafter(job, cancelled, loaded=_loaded_target(session, job))
    finally:
        release_memory()


def estimate(session: "Session", command: EstimateTraining, cancelled: Flag) -> Iterator[Event]:
    """Yield what a training would take, and why it would be refused, if it would."""
    job = _job(command.training)
    yield estimated(job, loaded=_loaded_target(session, job))


HANDLERS = {Train: train, EstimateTraining: estimate}


def _job(command: Train) -> DrafterJob:
    if not command.out.strip():
        raise InputError("the drafter has no folder", "name a new one")
    config, data = make_config(DrafterConfig, command.settings), Path(command.data) if command.data.strip() else None
    return DrafterJob(command.target, data, Path(command.out), config, command.device, command.dtype, command.resume)


def _loaded_target(session: "Session", job: DrafterJob) -> LoadedModel | None:
    """The target in memory, if it is the one that the job names."""
    device, target = devices.parse_device(job.device), session.target
    if target is None or target.spec != job.target or target.device != device or target.quantize != "none":
        return None
    return target if target.dtype == devices.parse_dtype(job.dtype, target.device) else None
