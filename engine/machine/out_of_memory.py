"""Turns the many errors of exhausted memory, and those of a GPU that stopped working, into one error each."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.errors import DeviceLost, MemoryExhausted

# How torch and the libraries below it report that a device or the host has no memory left.
_OUT_OF_MEMORY = (
    "allocate memory", "CUDA error: out of memory", "CUDA driver error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED", "CUSOLVER_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED",
)  # fmt: skip
# After these errors this process can compute nothing more on the device.
_LOST = ("CUDA error:", "CUDA driver error:", "CUBLAS_STATUS_EXECUTION_FAILED", "device-side assert")


@contextmanager
def memory_errors(what: str, hint: str) -> Iterator[None]:
    """Raise MemoryExhausted wherever memory runs out inside, DeviceLost where a GPU stops working."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as err:
        raise MemoryExhausted(f"memory ran out during {what}", hint) from err
    except RuntimeError as err:
        if any(phrase in str(err) for phrase in _OUT_OF_MEMORY):
            raise MemoryExhausted(f"memory ran out during {what}", hint) from err
        lost = device_lost(err)
        if lost is None:
            raise
        raise lost from err


def device_lost(err: Exception) -> DeviceLost | None:
    """The error for a GPU that stopped working, if `err` is of that kind; a lack of memory is not."""
    text = str(err)
    if not isinstance(err, RuntimeError) or any(phrase in text for phrase in _OUT_OF_MEMORY):
        return None
    return DeviceLost(text.strip().partition("\n")[0]) if any(phrase in text for phrase in _LOST) else None
