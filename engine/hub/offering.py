"""Judges which pairs of the catalogue fit this machine, with the estimate that a load makes; reads no weights."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from engine.errors import EngineError
from engine.events import OfferedModel, OfferedPair, PairsOffered
from engine.hub import catalogue
from engine.hub.catalogue import CatalogueModel, CataloguePair
from engine.hub.describing import free_bytes, site_of_user
from engine.models import checkpoint_folder, devices, load_plan
from engine.models.checkpoint_folder import Checkpoint
from engine.models.load_plan import LoadPlan
from engine.reports import words


def offered_pairs(*, device: str, dtype: str) -> PairsOffered:
    """The pairs of the catalogue, each with what it takes and why it does not fit here.

    Raises InputError: no such device or dtype."""
    parsed = devices.parse_device(device)
    torch_dtype = devices.parse_dtype(dtype, parsed)
    free_disk = free_bytes(site_of_user().cache)
    cached = {model.spec for pair in catalogue.PAIRS for model in (pair.target, pair.drafter) if _is_cached(model.spec)}
    with _configurations() as folder:
        pairs = tuple(_offered(pair, folder, parsed, dtype, cached, free_disk) for pair in catalogue.PAIRS)
    return PairsOffered(pairs, str(parsed), str(torch_dtype).removeprefix("torch."), catalogue.STATED)


def _is_cached(spec: str) -> bool:
    try:
        checkpoint_folder.inspect(spec)
    except EngineError:
        return False
    return True


@contextmanager
def _configurations() -> Iterator[Path]:
    """A folder with a checkpoint's configuration for each model, as the estimate reads it from a real one."""
    with TemporaryDirectory(prefix="draftscope-pairs-") as name:
        for pair in catalogue.PAIRS:
            for model in (pair.target, pair.drafter):
                folder = _folder(Path(name), model)
                folder.mkdir(exist_ok=True)
                text = json.dumps(catalogue.configuration(model.shape))
                (folder / "config.json").write_text(text, encoding="utf-8")
        yield Path(name)


def _folder(parent: Path, model: CatalogueModel) -> Path:
    return parent / model.spec.replace("/", "--")


def _checkpoint(parent: Path, model: CatalogueModel) -> Checkpoint:
    config = catalogue.configuration(model.shape)
    return Checkpoint(model.spec, _folder(parent, model), config, model.n_parameters, model.n_bytes)


def _offered(
    pair: CataloguePair, folder: Path, device: torch.device, dtype: str, cached: set[str], free_disk: int
) -> OfferedPair:
    target, drafter = (_offered_model(model, cached) for model in (pair.target, pair.drafter))
    plan = load_plan.plan(_checkpoint(folder, pair.target), _checkpoint(folder, pair.drafter), device, device, dtype)
    memory_bytes, why_not = _memory(plan)
    offered = OfferedPair(pair.family, target, drafter, memory_bytes, why_not)
    if not why_not and offered.missing_bytes > free_disk:
        missing, free = words.size(offered.missing_bytes), words.size(free_disk)
        return OfferedPair(
            pair.family, target, drafter, memory_bytes, f"its files need {missing} of disk, {free} are free"
        )
    return offered


def _memory(plan: LoadPlan) -> tuple[int, str]:
    """What a pair takes on its device, and why that is too much, if it is."""
    needed = load_plan.estimate_pair(plan)
    try:
        load_plan.refuse_if_too_large(needed, plan.device)
    except EngineError as err:
        return load_plan.least_bytes(needed), err.message
    return load_plan.least_bytes(needed), ""


def _offered_model(model: CatalogueModel, cached: set[str]) -> OfferedModel:
    is_cached = model.spec in cached
    return OfferedModel(model.spec, model.n_parameters, model.n_bytes, model.licence, model.gated, is_cached)
