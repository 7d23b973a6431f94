"""Measures the limits of a plain step on this machine: matrix products alone, or reading at copy bandwidth.

Copying reads and writes, so a step that only reads may take a little less than its time at copy bandwidth."""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor

from engine.fast import matmul
from engine.fast.weights import FusedWeights, Projection
from engine.models.kv_size import kv_bytes
from engine.models.loading import LoadedModel

_N_PASSES = 11
_COPIED_BYTES = {"cuda": 1 << 30, "cpu": 1 << 27}
_READ_AND_WRITTEN = 2


class ProductTimes(NamedTuple):
    """Milliseconds of all matrix products of a step over one id: in the form that the fused forward uses, and with the
    library's product of a row."""

    ms: float
    library_ms: float


@torch.inference_mode()
def matrices(weights: FusedWeights) -> ProductTimes:
    """Time both forms, one after the other."""
    library_ms = _median_ms(weights, matmul.product, n_rows=1)
    if not matmul.streams(weights):
        return ProductTimes(library_ms, library_ms)
    return ProductTimes(_median_ms(weights, matmul.streamed_product, n_rows=2), library_ms)


def bandwidth(device: torch.device) -> float:
    """Bytes read and written per second by copying a buffer too large for any cache; median of several copies."""
    source = torch.empty(_COPIED_BYTES[device.type], dtype=torch.uint8, device=device).fill_(1)
    seconds = [_copy_s(source) for _ in range(_N_PASSES)]
    return _READ_AND_WRITTEN * source.nbytes / median(seconds)


def _copy_s(source: Tensor) -> float:
    _wait(source.device)
    started = time.perf_counter()
    copy = source.clone()
    _wait(source.device)
    seconds = time.perf_counter() - started
    del copy
    return seconds


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)  # sync: the time must include all the work that was started


def step_bytes(target: LoadedModel, n_context: int) -> int:
    """Bytes that a plain step must read after n_context ids: every matrix but the embedding, keys and values."""
    weight = target.model.get_input_embeddings().weight
    tied = target.model.get_output_embeddings().weight is weight
    matrix_bytes = target.n_bytes - (0 if tied else weight.nbytes)
    # Either runtime reads what the modules keep: no more than a layer's window.
    return matrix_bytes + kv_bytes(target.model.config, target.dtype, "modules", context=n_context)


def _median_ms(weights: FusedWeights, multiply: Callable[[Tensor, Projection], Tensor], *, n_rows: int) -> float:
    work = [(_rows(projection, n_rows), projection) for projection in _matrices(weights)]
    seconds: list[float] = []
    for _ in range(_N_PASSES):
        started = time.perf_counter()
        for x, projection in work:
            multiply(x, projection)
        _wait(weights.embedding.device)
        seconds.append(time.perf_counter() - started)
    return 1e3 * median(seconds)


def _matrices(weights: FusedWeights) -> list[Projection]:
    of_layers = [
        projection for layer in weights.layers for projection in (layer.qkv, layer.out, layer.gate_up, layer.down)
    ]
    return [*of_layers, weights.head]


def _rows(projection: Projection, n: int) -> Tensor:
    return torch.randn(n, projection.weight.shape[1], device=projection.weight.device).to(projection.weight.dtype)


class Floor(NamedTuple):
    """The limit of a plain step of a target: on a GPU reading at copy bandwidth, on a CPU the bare products.

    bytes_per_s: None on a CPU. The products are timed each time, since a CPU's speed changes during a measurement."""

    target: LoadedModel
    kind: str
    bytes_per_s: float | None

    @classmethod
    def on(cls, target: LoadedModel) -> "Floor":
        """The floor of a target on its device; measures the bandwidth of a GPU."""
        if target.device.type == "cuda":
            return cls(target, "bytes read at copy bandwidth", bandwidth(target.device))
        return cls(target, "bare matrix products", None)

    def step_ms(self, n_context: int) -> float | None:
        """Milliseconds of a step after n_context ids; None on a CPU where the target is not fused."""
        if self.bytes_per_s is not None:
            return 1e3 * step_bytes(self.target, n_context) / self.bytes_per_s
        return None if self.target.fused is None else matrices(self.target.fused).ms
