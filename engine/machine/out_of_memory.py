"""The several ways in which memory runs out, or a GPU stops working, as one error each."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.errors import DeviceLost, MemoryExhausted

# How torch and the libraries below it say that a device or the host has no memory left.
_OUT_OF_MEMORY = (
    "allocate memory", "CUDA error: out of memory", "CUDA driver error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED", "CUSOLVER_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED",
)  # fmt: skip
# After these nothing can be computed on the device any more by this process.
_LOST = ("CUDA error:", "CUDA driver error:", "CUBLAS_STATUS_EXECUTION_FAILED", "device-side assert")


@contextmanager
def memory_errors(what: str, hint: str) -> Iterator[None]:
    """Raise MemoryExhausted wherever memory runs out inside, DeviceLost where a GPU stops working."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as err:
        raise MemoryExhausted(f"memory ran out during {what}", hint) from err
    except RuntimeError as err:
        if any(words in str(err) for words in _OUT_OF_MEMORY):
            raise MemoryExhausted(f"memory ran out during {what}", hint) from err
        lost = device_lost(err)
        if lost is None:
            raise
        raise lost from err


def device_lost(err: Exception) -> DeviceLost | None:
    """The error of a GPU that stopped working, where `err` says so; one that only lacks memory did not."""
    text = str(err)
    if not isinstance(err, RuntimeError) or any(words in text for words in _OUT_OF_MEMORY):
        return None
    return DeviceLost(text.strip().partition("\n")[0]) if any(words in text for words in _LOST) else None
