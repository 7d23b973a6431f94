"""Saves and loads checkpoints of a training run; each is written completely or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from engine.errors import EngineError
from engine.training.disk import refused_by_disk, sync

_PROGRESS = "progress.json"


class TrainingProgress(msgspec.Struct, frozen=True):
    """How far a training run has come: the next step, tokens seen, (step, loss) pairs so far, and (step, score) pairs
    of the looks at the model."""

    step: int = 0
    n_tokens: int = 0
    losses: tuple[tuple[int, float], ...] = ()
    seconds: float = 0.0
    scores: tuple[tuple[int, float], ...] = ()


def save(folder: Path, model: nn.Module, optimizer: Optimizer, progress: TrainingProgress) -> None:
    """Write a checkpoint to `folder`, replacing the previous one only once the new one is complete.

    Raises EngineError where the disk refuses; the old checkpoint is then intact."""
    partial = folder.with_name(folder.name + ".partial")
    with refused_by_disk("the checkpoint", folder):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        save_file(_named_weights(model), partial / "model.safetensors")
        save_file(_optimizer_tensors(optimizer), partial / "optimizer.safetensors")
        (partial / _PROGRESS).write_bytes(msgspec.json.encode(progress))
        for file in partial.iterdir():
            sync(file)
        _replace(partial, folder)


def _replace(new: Path, old: Path) -> None:
    backup = _previous(old)
    shutil.rmtree(backup, ignore_errors=True)
    if old.exists():
        old.replace(backup)
    new.replace(old)
    shutil.rmtree(backup, ignore_errors=True)


def load(folder: Path, model: nn.Module, optimizer: Optimizer) -> TrainingProgress:
    """Restore model and optimizer from the newest complete checkpoint; returns empty progress if there is none."""
    source = _newest(folder)
    if source is None:
        return TrainingProgress()
    with _readable(source):
        model.load_state_dict(load_file(source / "model.safetensors"), strict=False)
        _restore_optimizer(optimizer, load_file(source / "optimizer.safetensors"))
    return _progress(source)


def progress(folder: Path) -> TrainingProgress:
    """The progress of the newest complete checkpoint; empty if there is none. Raises EngineError."""
    source = _newest(folder)
    return TrainingProgress() if source is None else _progress(source)


def _newest(folder: Path) -> Path | None:
    return next((path for path in (folder, _previous(folder)) if path.exists()), None)


def _previous(folder: Path) -> Path:
    return folder.with_name(folder.name + ".previous")


def _progress(source: Path) -> TrainingProgress:
    with _readable(source):
        return msgspec.json.decode((source / _PROGRESS).read_bytes(), type=TrainingProgress)


@contextmanager
def _readable(source: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError, ValueError, RuntimeError, KeyError) as err:  # a DecodeError is a ValueError
        reason = f"the checkpoint in {source} is damaged ({err})"
        raise EngineError(reason, "delete that folder to start it again") from err


def _named_weights(model: nn.Module) -> dict[str, Tensor]:
    """Each parameter once: tied weights appear under their first name."""
    return {name: parameter.detach().contiguous() for name, parameter in model.named_parameters()}


def _optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": value.detach().clone() for index, entry in state.items() for name, value in entry.items()
    }


def _restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
