"""Parses the names of devices, number types and runtimes, and reports free memory; loads nothing."""

import re
from typing import Literal, TypeAlias, get_args

import psutil
import torch

from engine.errors import InputError
from engine.models.kv_size import RuntimeChoice

DType: TypeAlias = Literal["auto", "fastest", "float32", "bfloat16", "float16"]
FASTEST: DType = "fastest"
_RUNTIMES: tuple[RuntimeChoice, ...] = get_args(RuntimeChoice)
_DEVICES = "use auto, cpu, cuda or cuda:N"
_UNSUPPORTED = {
    "mps": "draws and records are computed in float64, which they lack",
    "xpu": "rounds are timed and captured with what torch.cuda offers",
}
_AMPERE, _VOLTA = (8, 0), (7, 0)
_TORCH_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def parse_device(name: str) -> torch.device:
    """Parse `auto`, `cpu`, `cuda` or `cuda:N`; a CUDA device always has its index, so that equal devices compare equal.

    Raises InputError if there is no such device."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return torch.device(name)
    if name in _UNSUPPORTED:
        raise InputError(f"{name} devices are not supported: {_UNSUPPORTED[name]}", _DEVICES)
    match = re.fullmatch(r"cuda(?::(0|[1-9][0-9]{0,3}))?", name, re.ASCII)
    if match is None:
        raise InputError(f"unknown device {name!r}", _DEVICES)
    n_gpus = torch.cuda.device_count()
    index = int(match[1]) if match[1] else min(n_gpus, 1) and torch.cuda.current_device()
    if index >= n_gpus:
        raise InputError(f"there is no device {name} ({n_gpus} CUDA devices found)", "use auto or cpu")
    return torch.device("cuda", index)


def computes_bfloat16(device: torch.device) -> bool:
    """Whether a device has instructions for bfloat16; GPUs before Ampere only emulate it, slowly."""
    return device.type != "cuda" or torch.cuda.get_device_capability(device) >= _AMPERE


def parse_dtype(name: str, device: torch.device) -> torch.dtype:
    """`auto` is float32 on a CPU, whatever the checkpoint says, and on a GPU the 16-bit type that it computes fast.

    That is bfloat16 from Ampere on, float16 on Volta and Turing; older GPUs keep float32. `fastest` means the same
    here; a load has it measured first."""
    if name in ("auto", FASTEST):
        if device.type != "cuda":
            return torch.float32
        if computes_bfloat16(device):
            return torch.bfloat16
        return torch.float16 if torch.cuda.get_device_capability(device) >= _VOLTA else torch.float32
    if name not in _TORCH_DTYPES:
        raise InputError(f"unknown dtype {name!r}", f"use auto, {FASTEST}, {', '.join(_TORCH_DTYPES)}")
    return _TORCH_DTYPES[name]


def parse_runtime(name: str) -> RuntimeChoice:
    """`auto` is our own fused forward for the families that it computes exactly, transformers' modules otherwise.

    `fused-eager` is the fused forward without CUDA graphs. Raises InputError."""
    for choice in _RUNTIMES:
        if name == choice:
            return choice
    raise InputError(f"unknown runtime {name!r}", f"use {', '.join(_RUNTIMES)}")


def free_bytes(device: torch.device) -> int:
    """Memory that can still be taken on a device; what torch has reserved but does not use is free."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + unused
    return int(psutil.virtual_memory().available)
