"""Devices, number types and runtimes by the names that users give them, and what memory is free; loads nothing."""

from typing import Literal, TypeAlias, get_args

import psutil
import torch

from engine.errors import InputError
from engine.kv_size import RuntimeChoice

DType: TypeAlias = Literal["auto", "fastest", "float32", "bfloat16", "float16"]
FASTEST: DType = "fastest"
_RUNTIMES: tuple[RuntimeChoice, ...] = get_args(RuntimeChoice)
_TORCH_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def parse_device(name: str) -> torch.device:
    """`auto`, `cpu`, `cuda` or `cuda:N`. Raises InputError where there is no such device."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    malformed = name.endswith(":") or (index and not index.isdecimal())
    if kind not in ("cpu", "cuda") or malformed or (kind == "cpu" and index):
        raise InputError(f"unknown device {name!r}", "use auto, cpu, cuda or cuda:N")
    n_gpus = torch.cuda.device_count()
    if kind == "cuda" and int(index or 0) >= n_gpus:
        raise InputError(f"there is no device {name} ({n_gpus} CUDA devices found)", "use auto or cpu")
    return torch.device(name)


def parse_dtype(name: str, device: torch.device) -> torch.dtype:
    """`auto` is float32 on a CPU and bfloat16 on CUDA, whatever the checkpoint says.

    So is `fastest` where nothing is measured; a load has it measured first."""
    if name in ("auto", FASTEST):
        return torch.bfloat16 if device.type == "cuda" else torch.float32
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
    """Memory that may still be taken on a device; what torch holds ready for itself is free."""
    if device.type == "cuda":
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + held
    return int(psutil.virtual_memory().available)
