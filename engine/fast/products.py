"""The product of a few rows with a matrix, in the form that reads the matrix fastest; knows no models.

On a CPU in float32, weight @ x.T reads a matrix from memory with all threads where the library's x @ weight.T uses one,
but only from two columns on, and only for matrices that do not lie in the cache anyway; `bench decode` times both."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.fast.weights import FusedWeights, Projection

_LEAST_STREAMED_BYTES = 8 << 20
_MOST_ROWS = 32


def streams(weights: FusedWeights) -> bool:
    """Whether a step's matrices come from memory, so that few rows are better multiplied from the left."""
    matrix = weights.head.weight
    return matrix.device.type == "cpu" and matrix.dtype == torch.float32 and weights.n_bytes >= _LEAST_STREAMED_BYTES


def product(x: Tensor, by: Projection) -> Tensor:
    """x: [n, n_in] -> [n, n_out]."""
    return functional.linear(x, by.weight, by.bias)


def streamed_product(x: Tensor, by: Projection) -> Tensor:
    """The same numbers up to rounding; the result is a transposed view. n >= 2, fastest where n is small."""
    if x.shape[0] > _MOST_ROWS:
        return product(x, by)
    columns = x.contiguous().t()
    if by.bias is None:
        return torch.mm(by.weight, columns).t()
    return torch.addmm(by.bias.unsqueeze(1), by.weight, columns).t()
