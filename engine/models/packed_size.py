"""Computes what the packed copies of a model's matrices take on a CPU, from its configuration alone."""

import torch
from transformers import PreTrainedConfig

from engine.fast import families, packing
from engine.models.fastest_dtype import matrices_of, n_numbers
from engine.models.pair_names import Quantize, RuntimeChoice


def packed_bytes(
    config: PreTrainedConfig,
    dtype: torch.dtype,
    device: torch.device,
    runtime: RuntimeChoice,
    free_bytes: int,
    *,
    quantize: Quantize = "none",
) -> int:
    """Bytes of the copies that `packing.pack` adds where free_bytes are free beside the weights; 0 where it adds none.

    Of a quantised model only the head is copied."""
    matrices = matrices_of(config)
    if runtime == "modules" or matrices is None or families.why_not(config):
        return 0
    n_head = matrices.head[0] * matrices.head[1]
    n_bytes = dtype.itemsize * (n_head if quantize != "none" else n_numbers(matrices))
    return n_bytes if packing.packs(dtype, device, n_bytes, free_bytes) else 0
