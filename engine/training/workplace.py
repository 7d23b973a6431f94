"""Manages the folder of a drafter's training: its lock, what the training began with, the best drafter so far."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from filelock import FileLock, Timeout
from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from engine.errors import EngineError, InputError, InUse
from engine.training.disk import RESUME, refused_by_disk, write_synced
from engine.training.drafter_config import ChosenStart, DrafterConfig
from engine.training.training_log import BEGAN, FILE_NAME, WORK

_RESUME = f"{RESUME}; the last checkpoint is whole"
_WEIGHTS, _PROVENANCE = "model.safetensors", "provenance.json"


class TrainingStart(msgspec.Struct, frozen=True):
    """What a training began with; a resumed one continues with it. n_rows: per step; every: steps between looks.

    start: own-layers, new, longspec or folder; own_layers: those of the target that it started from, counted from 0."""

    target: str
    source: str
    settings: DrafterConfig
    layers: int
    width: int
    dtype: str
    steps: int
    n_rows: int
    every: int
    rate: float
    start: ChosenStart = "new"
    own_layers: tuple[int, ...] = ()


class DrafterProvenance(msgspec.Struct, frozen=True):
    """Where a trained drafter comes from. alpha: on held-out texts, greedy."""

    made_utc: str
    began: TrainingStart
    started_from: str
    step: int
    n_tokens: int
    seconds: float
    alpha: float
    losses: tuple[tuple[int, float], ...]
    scores: tuple[tuple[int, float], ...]
    versions: dict[str, str]
    processor: str


class Workplace(NamedTuple):
    """The drafter's own folder; everything unfinished lies in a folder inside it."""

    out: Path

    @property
    def work(self) -> Path:
        """The folder of tokens, checkpoint and lock."""
        return self.out / WORK

    @property
    def checkpoint(self) -> Path:
        """The checkpoint to resume from."""
        return self.work / "checkpoint"

    @property
    def log(self) -> Path:
        """The log file of all attempts."""
        return self.out / FILE_NAME

    @contextmanager
    def alone(self, *, resume: bool) -> Iterator[None]:
        """Lock the folder. Raises InUse, and InputError: not writable, other files, training without `resume`."""
        self._refuse_others()
        try:
            self.work.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise InputError(f"{self.out} cannot hold a training ({err.strerror})", "choose another folder") from err
        try:
            with FileLock(self.work / ".lock", timeout=0):
                if self.began() is not None and not resume:
                    reason = f"{self.out} holds a training already"
                    raise InputError(reason, "resume it (--resume), or choose another folder")
                yield
        except Timeout as err:
            raise InUse(f"another training is at work in {self.out}", "wait, or choose another folder") from err

    def _refuse_others(self) -> None:
        if self.out.exists() and not self.out.is_dir():
            raise InputError(f"{self.out} is a file", "name a new folder for the drafter")
        if self.out.exists() and not self.work.exists() and any(self.out.iterdir()):
            raise InputError(f"{self.out} holds other files", "name a new folder for the drafter")

    def refuse_unbegun(self) -> None:
        """Raise InputError if there is no training to resume; changes nothing."""
        if self.began() is None:
            raise InputError(f"{self.out} holds no training to go on with", "start it anew, or check the folder")

    def began(self) -> TrainingStart | None:
        """What the training here began with; None if there is none."""
        file = self.work / BEGAN
        if not file.exists():
            return None
        try:
            return msgspec.json.decode(file.read_bytes(), type=TrainingStart)
        except (OSError, msgspec.DecodeError) as err:
            raise EngineError(f"{file} is damaged ({err})", "delete the folder to start again") from err

    def begin(self, began: TrainingStart) -> None:
        """Record what the training begins with."""
        self._write(BEGAN, msgspec.json.encode(began), self.work)

    def lay_out(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        """Write all files of the drafter except its weights."""
        with refused_by_disk("the drafter", self.out, _RESUME):
            partial = self.work / "tokenizer.partial"
            shutil.rmtree(partial, ignore_errors=True)
            tokenizer.save_pretrained(partial)
            model.config.architectures = [type(model).__name__]
            model.config.save_pretrained(partial)
            for file in partial.iterdir():
                file.replace(self.out / file.name)
            partial.rmdir()

    def lay_out_longspec(self, configuration: bytes) -> None:
        """Write the configuration of a LongSpec drafter, which has no tokenizer of its own."""
        self._write("config.json", configuration, self.out)

    def publish(self, model: nn.Module, provenance: DrafterProvenance) -> None:
        """Replace the best drafter's weights with these, in bfloat16; the file in place is always complete."""
        weights = {name: p.detach().to(torch.bfloat16).contiguous().cpu() for name, p in model.named_parameters()}
        with refused_by_disk("the drafter", self.out, _RESUME):
            partial = self.work / f"{_WEIGHTS}.partial"
            save_file(weights, partial, metadata={"format": "pt"})
            partial.replace(self.out / _WEIGHTS)
        self._write(_PROVENANCE, msgspec.json.format(msgspec.json.encode(provenance)), self.out)

    @property
    def published(self) -> bool:
        """Whether there is a complete drafter."""
        return (self.out / _WEIGHTS).exists()

    def _write(self, name: str, raw: bytes, folder: Path) -> None:
        partial = self.work / f"{name}.partial"
        with refused_by_disk("the drafter", folder, _RESUME):
            write_synced(partial, raw)
            partial.replace(folder / name)
