"""The time that no plain step can undercut on this machine: its matrix products alone; knows no loop."""

import time
from statistics import median

import torch

from engine.fast import products
from engine.fast.weights import FusedWeights, Projection

_N_PASSES = 11


@torch.inference_mode()
def matrix_ms(weights: FusedWeights) -> float:
    """Milliseconds of all matrix products of a step over one id, in the form the fused forward uses; a median."""
    multiply, n_rows = (products.streamed_product, 2) if products.streams(weights) else (products.product, 1)
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


def _rows(by: Projection, n: int) -> torch.Tensor:
    return torch.randn(n, by.weight.shape[1], device=by.weight.device).to(by.weight.dtype)
