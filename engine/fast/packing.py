"""Keeps a second copy of a model's matrices on a CPU, in the order in which oneDNN multiplies several rows fastest.

Without it a product of three rows or more takes up to twice as long: the library would bring each matrix into that
order, or read it several times, in every step. Where memory is short, or torch has no oneDNN, products stay as they
are; the results are the same up to rounding."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from engine.fast.weights import FusedLayer, FusedWeights, Projection

# By type: the fewest rows that the packed product multiplies faster than the other forms. One or two rows in float32
# are read fastest as the matrix lies.
_LEAST_ROWS = {torch.float32: 3, torch.bfloat16: 1}
# The matrices of smaller models stay in the processor's cache, where any order is as fast.
LEAST_BYTES = 8 << 20
# The copy may take this part of the memory that is free.
_LARGEST_SHARE = 0.25


@cache
def available(dtype: torch.dtype = torch.float32) -> bool:
    """Whether torch has oneDNN's products of a type here; bfloat16 needs instructions that older processors lack."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    try:
        with torch.inference_mode():
            _product(torch.zeros(4, 16, dtype=dtype), _packed(torch.zeros(16, 16, dtype=dtype)), None)
    except (RuntimeError, AttributeError, NotImplementedError):
        return False
    return True


def packs(dtype: torch.dtype, device: torch.device, n_bytes: int, free_bytes: int) -> bool:
    """Whether matrices of n_bytes in all are packed, where free_bytes are free beside them."""
    has_room = LEAST_BYTES <= n_bytes <= _LARGEST_SHARE * free_bytes
    return has_room and device.type == "cpu" and dtype in _LEAST_ROWS and available(dtype)


@torch.no_grad()
def pack(weights: FusedWeights, free_bytes: int) -> FusedWeights:
    """The weights with a packed copy of every matrix that is not quantised, or without where there is no room."""
    projections = [weights.head] if weights.quantised else [*_in_layers(weights), weights.head]
    n_bytes = sum(projection.weight.nbytes for projection in projections)
    if not packs(weights.head.weight.dtype, weights.head.weight.device, n_bytes, free_bytes):
        return weights
    try:
        head = packed(weights.head)
        layers = weights.layers if weights.quantised else tuple(_of_layer(layer, packed) for layer in weights.layers)
    except RuntimeError:  # no memory after all, for instance under a limit on the process
        return weights
    return weights._replace(layers=layers, head=head)


def packed(projection: Projection) -> Projection:
    """The projection with a packed copy of its matrix."""
    return projection._replace(packed=_packed(projection.weight))


def serves(n_rows: int, projection: Projection) -> bool:
    """Whether `product` is the fastest form for so many rows."""
    return projection.packed is not None and n_rows >= _LEAST_ROWS[projection.weight.dtype]


def product(x: Tensor, projection: Projection) -> Tensor:
    """Multiply x by a packed projection: [n, n_in] -> [n, n_out]."""
    assert projection.packed is not None
    return _product(x, projection.packed, projection.bias)


def _product(x: Tensor, matrix: Tensor, bias: Tensor | None) -> Tensor:
    # torch's own compiler multiplies with this operation; there is no public one that takes a packed matrix.
    result: Tensor = torch.ops.mkldnn._linear_pointwise(x, matrix, bias, "none", [], "")
    return result


def _packed(matrix: Tensor) -> Tensor:
    copy: Tensor = torch.ops.mkldnn._reorder_linear_weight(matrix)
    return copy


def _in_layers(weights: FusedWeights) -> list[Projection]:
    return [projection for layer in weights.layers for projection in (layer.qkv, layer.out, layer.gate_up, layer.down)]


def _of_layer(layer: FusedLayer, change: Callable[[Projection], Projection]) -> FusedLayer:
    return layer._replace(
        qkv=change(layer.qkv), out=change(layer.out), gate_up=change(layer.gate_up), down=change(layer.down)
    )
