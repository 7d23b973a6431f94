"""LongSpec drafters of random weights for tiny targets, in our own layout and in the published one."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

from engine.longspec import files, target_fit
from engine.longspec.block import LongspecBlock
from engine.longspec.shape import UNUSED, LongspecShape
from engine.models.hashes import model_hash

WINDOW = 12


def block(shape: LongspecShape, *, seed: int = 3, sharpness: float = 4.0) -> LongspecBlock:
    """Random weights, large enough that drafts depend on what is attended to."""
    torch.manual_seed(seed)
    made = LongspecBlock(shape).eval().requires_grad_(False)
    for name, weight in made.named_parameters():
        if "norm" not in name:
            weight.mul_(sharpness)
    return made


def block_for(target: PreTrainedModel, *, window: int = WINDOW) -> LongspecBlock:
    """A random block for a target."""
    return block(target_fit.shape_of(target.config, window=window))


def save(made: LongspecBlock, folder: Path, target: str) -> str:
    """Write our own layout for the target of a SPEC; returns the drafter's SPEC."""
    folder.mkdir(parents=True)
    save_file(tensors(made), folder / "model.safetensors")
    raw = files.configuration(made.shape, target=target, target_hash=model_hash(target))
    (folder / "config.json").write_bytes(raw)
    return str(folder)


def save_published(made: LongspecBlock, folder: Path, target: PreTrainedModel) -> str:
    """Write the layout of the paper's checkpoints, unused tensors included; returns the drafter's SPEC."""
    folder.mkdir(parents=True)
    n_key, hidden = made.shape.n_kv_heads * made.shape.head_size, made.shape.hidden
    unused = {name: torch.randn(n_key, hidden) if name.endswith("weight") else torch.randn(n_key) for name in UNUSED}
    save_file(tensors(made) | unused, folder / "model.safetensors")
    target.config.save_pretrained(folder)
    values = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(values | {"architectures": ["LlamaGlide"]}), "utf-8")
    return str(folder)


def tensors(made: LongspecBlock) -> dict[str, Tensor]:
    """Its tensors by their names in a file."""
    return {name: weight.detach().contiguous() for name, weight in made.named_parameters()}
