"""Moves tensors between host and devices; the host waits only where it reads what a GPU computed.

On CUDA, host tensors are copied to pinned memory first, from which the transfer runs in stream order; torch keeps that
memory until the transfer is over. From pageable memory, each copy would wait for all work launched before it."""

from collections.abc import Sequence

import torch
from torch import Tensor


def uploaded(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a host tensor to `device`; returns the same tensor if it is there already."""
    if device.type != "cuda" or tensor.device.type != "cpu":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def uploaded_ids(ids: Sequence[int] | Sequence[Sequence[int]], device: torch.device) -> Tensor:
    """Copy ids, or other integers, to `device` as int64; nested rows must have equal lengths."""
    return uploaded(torch.tensor(ids, dtype=torch.int64), device)


def uploaded_together(tensors: Sequence[Tensor], device: torch.device) -> list[Tensor]:
    """Copy host tensors of int64 or float64 to `device` in one transfer; each keeps its shape and type."""
    if device.type != "cuda":
        return [tensor.to(device) for tensor in tensors]
    joined = uploaded(torch.cat([tensor.contiguous().view(torch.int64).view(-1) for tensor in tensors]), device)
    pieces = torch.split(joined, [tensor.numel() for tensor in tensors])
    return [piece.view(tensor.dtype).view(tensor.shape) for piece, tensor in zip(pieces, tensors, strict=True)]


def moved_together(tensors: Sequence[Tensor], device: torch.device) -> list[Tensor]:
    """Move tensors from one device to another; if that is the host, it waits once for all of them."""
    origin = tensors[0].device
    if origin == device:
        return list(tensors)
    if origin.type == "cpu":
        return [uploaded(tensor, device) for tensor in tensors]
    moved = [tensor.to(device, non_blocking=True) for tensor in tensors]
    if device.type == "cpu":
        torch.cuda.current_stream(origin).synchronize()  # sync: the host computes with what a GPU drafted
    return moved
