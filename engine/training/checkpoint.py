"""Checkpoints of a training run on disk: written whole or not at all; knows nothing of what is trained."""

import shutil
from pathlib import Path

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from engine.errors import EngineError


class Progress(msgspec.Struct, frozen=True):
    """How far a training run has come: the next step, tokens seen, (step, loss) pairs so far, and (step, score) pairs
    of the looks at it."""

    step: int = 0
    n_tokens: int = 0
    losses: tuple[tuple[int, float], ...] = ()
    seconds: float = 0.0
    scores: tuple[tuple[int, float], ...] = ()


def save(folder: Path, model: nn.Module, optimizer: Optimizer, progress: Progress) -> None:
    """Write a checkpoint to `folder`, replacing the one before only once the new one is complete.

    Raises EngineError where the disk refuses; the old checkpoint is then intact."""
    draft = folder.with_name(folder.name + ".partial")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        save_file(_named_weights(model), draft / "model.safetensors")
        save_file(_optimizer_tensors(optimizer), draft / "optimizer.safetensors")
        (draft / "progress.json").write_bytes(msgspec.json.encode(progress))
        _replace(draft, folder)
    except (OSError, SafetensorError) as err:  # safetensors has its own word for a full disk
        raise EngineError(
            f"the checkpoint could not be written to {folder} ({err})", "free disk space, then resume"
        ) from err


def _replace(new: Path, old: Path) -> None:
    backup = old.with_name(old.name + ".previous")
    shutil.rmtree(backup, ignore_errors=True)
    if old.exists():
        old.replace(backup)
    new.replace(old)
    shutil.rmtree(backup, ignore_errors=True)


def load(folder: Path, model: nn.Module, optimizer: Optimizer) -> Progress:
    """Restore model and optimizer from the newest complete checkpoint; a fresh Progress where there is none."""
    backup = folder.with_name(folder.name + ".previous")
    source = folder if folder.exists() else backup
    if not source.exists():
        return Progress()
    try:
        model.load_state_dict(load_file(source / "model.safetensors"), strict=False)
        _restore_optimizer(optimizer, load_file(source / "optimizer.safetensors"))
        return msgspec.json.decode((source / "progress.json").read_bytes(), type=Progress)
    except (OSError, SafetensorError, msgspec.DecodeError, ValueError, RuntimeError, KeyError) as err:
        raise EngineError(
            f"the checkpoint in {source} is damaged ({err})", "delete that folder to start it again"
        ) from err


def progress(folder: Path) -> Progress:
    """How far the newest complete checkpoint has come; a fresh Progress where there is none."""
    backup = folder.with_name(folder.name + ".previous")
    source = folder if folder.exists() else backup
    if not source.exists():
        return Progress()
    return msgspec.json.decode((source / "progress.json").read_bytes(), type=Progress)


def _named_weights(model: nn.Module) -> dict[str, Tensor]:
    """The parameters once each: tied weights appear under their first name."""
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
