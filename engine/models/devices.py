"""Parses the names of devices, number types and runtimes, and reports free memory; loads nothing."""

import psutil
import torch

from engine.errors import InputError
from engine.models import pair_names
from engine.models.pair_names import FASTEST

_AMPERE, _VOLTA = (8, 0), (7, 0)
_TORCH_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def parse_device(name: str) -> torch.device:
    """Parse `auto`, `cpu`, `cuda` or `cuda:N`; a CUDA device always has its index, so that equal devices compare equal.

    Raises InputError if there is no such device."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return torch.device(name)
    number = pair_names.parse_device(name)
    n_gpus = torch.cuda.device_count()
    index = number if number is not None else min(n_gpus, 1) and torch.cuda.current_device()
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
    choice = pair_names.parse_dtype(name)
    if choice in ("auto", FASTEST):
        if device.type != "cuda":
            return torch.float32
        if computes_bfloat16(device):
            return torch.bfloat16
        return torch.float16 if torch.cuda.get_device_capability(device) >= _VOLTA else torch.float32
    return _TORCH_DTYPES[choice]


def free_bytes(device: torch.device) -> int:
    """Memory that can still be taken on a device; what torch has reserved but does not use is free."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + unused
    return int(psutil.virtual_memory().available)
