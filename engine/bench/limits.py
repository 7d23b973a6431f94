"""The time that no plain step can undercut on this machine: its matrix products alone; knows no loop."""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor

from engine.fast import products
from engine.fast.weights import FusedWeights, Projection

_N_PASSES = 11


class Bare(NamedTuple):
    """Milliseconds of all matrix products of a step over one id: in the form that the fused forward uses, and as the
    library multiplies a row."""

    ms: float
    library_ms: float


@torch.inference_mode()
def matrices(weights: FusedWeights) -> Bare:
    """Time both forms, one after the other."""
    library_ms = _median_ms(weights, products.product, n_rows=1)
    if not products.streams(weights):
        return Bare(library_ms, library_ms)
    return Bare(_median_ms(weights, products.streamed_product, n_rows=2), library_ms)


def _median_ms(weights: FusedWeights, multiply: Callable[[Tensor, Projection], Tensor], *, n_rows: int) -> float:
    work = [(_rows(by, n_rows), by) for by in _matrices(weights)]
    taken: list[float] = []
    for _ in range(_N_PASSES):
        started = time.perf_counter()
        for x, by in work:
            multiply(x, by)
        if weights.embedding.is_cuda:
            torch.cuda.synchronize(weights.embedding.device)  # sync: the products are what is timed
        taken.append(time.perf_counter() - started)
    return 1e3 * median(taken)


def _matrices(weights: FusedWeights) -> list[Projection]:
    of_layers = [by for layer in weights.layers for by in (layer.qkv, layer.out, layer.gate_up, layer.down)]
    return [*of_layers, weights.head]


def _rows(by: Projection, n: int) -> Tensor:
    return torch.randn(n, by.weight.shape[1], device=by.weight.device).to(by.weight.dtype)
