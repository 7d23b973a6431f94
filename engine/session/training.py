"""Trains a drafter, and says what that would take."""

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


def train(session: "Session", asked: Train, cancelled: Flag) -> Iterator[Event]:
    """Train a drafter, on the loaded target where it is the one asked for; see `train_drafter` for its events."""
    job = _job(asked)
    try:
        yield from train_drafter(job, cancelled, loaded=_loaded_target(session, job))
    finally:
        release_memory()


def estimate(session: "Session", asked: EstimateTraining, cancelled: Flag) -> Iterator[Event]:
    """Yield what a training would take, and why it would be refused, if it would."""
    job = _job(asked.training)
    yield estimated(job, loaded=_loaded_target(session, job) is not None)


HANDLERS = {Train: train, EstimateTraining: estimate}


def _job(asked: Train) -> DrafterJob:
    if not asked.out.strip():
        raise InputError("the drafter has no folder", "name a new one")
    config, data = make_config(DrafterConfig, asked.settings), Path(asked.data) if asked.data.strip() else None
    return DrafterJob(asked.target, data, Path(asked.out), config, asked.device, asked.dtype, asked.resume)


def _loaded_target(session: "Session", job: DrafterJob) -> LoadedModel | None:
    """The target in memory, if it is that of the job."""
    on, found = devices.parse_device(job.device), session.target
    if found is None or found.spec != job.target or found.device != on or found.quantize != "none":
        return None
    return found if found.dtype == devices.parse_dtype(job.dtype, found.device) else None
