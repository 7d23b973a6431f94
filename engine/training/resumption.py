"""Refuses to continue a training with another target, text or setting than it began with."""

from engine.errors import InputError
from engine.training import collect
from engine.training.drafter_config import OF_LONGSPEC
from engine.training.job import CheckedJob, DrafterJob
from engine.training.workplace import TrainingStart

# The settings that the weights follow from.
_FIXED = ("objective", "layers", "width", "sample", "seed", "embed", "steps", "rate", "start", "start_folder", "chat")


def refuse_other_settings(job: DrafterJob, checked: CheckedJob, began: TrainingStart | None) -> None:
    """Raises InputError if a training that began has another target, text or setting that affects its weights."""
    if began is None:
        return
    target, settings = checked.target.spec, job.settings
    source = collect.source_of(checked.texts, target, sample=settings.sample, seed=settings.seed)
    differences = [("target", began.target, target)] if began.target != target else []
    for name in (*_FIXED, *(OF_LONGSPEC if began.start == "longspec" else ())):
        before, now = getattr(began.settings, name), getattr(settings, name)
        differences += [(name, before, now)] if before != now else []
    if differences:
        name, before, now = differences[0]
        reason = f"{name} = {now}: the training in {job.out} was begun with {before}"
        raise InputError(reason, "resume it with the same, or choose another folder")
    if began.source != source:
        reason = f"the text has changed since the training in {job.out} was begun"
        raise InputError(reason, "resume it with the same text, or choose another folder")
