"""Multiplies a few rows by a matrix, in the form that reads the matrix fastest.

On a CPU in float32, weight @ x.T reads a matrix from memory with all threads where the library's x @ weight.T uses one,
but only for two or more columns, and only for matrices that are not in the CPU's cache; `bench decode` times both."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.fast.weights import FusedWeights, Projection

_LEAST_STREAMED_BYTES = 8 << 20
MOST_ROWS = 32


def streams(weights: FusedWeights) -> bool:
    """Whether a step's matrices come from memory, so that `streamed_product` is faster for few rows."""
    return not weights.quantised and streams_from(weights.head.weight, weights.n_bytes)


def streams_from(matrix: Tensor, n_bytes: int) -> bool:
    """`streams` for a step over n_bytes of matrices like this one."""
    return matrix.device.type == "cpu" and matrix.dtype == torch.float32 and n_bytes >= _LEAST_STREAMED_BYTES


def product(x: Tensor, projection: Projection) -> Tensor:
    """Multiply x by a projection: [n, n_in] -> [n, n_out]."""
    return functional.linear(x, projection.weight, projection.bias)


def streamed_product(x: Tensor, projection: Projection) -> Tensor:
    """`product` up to rounding; returns a transposed view. n >= 2, fastest where n is small."""
    if x.shape[0] > MOST_ROWS:
        return product(x, projection)
    columns = x.contiguous().t()
    if projection.bias is None:
        return torch.mm(projection.weight, columns).t()
    return torch.addmm(projection.bias.unsqueeze(1), projection.weight, columns).t()


def laid_out(projection: Projection, *, streamed: bool) -> Projection:
    """A projection in the layout that an output buffer needs: the weight where streamed, else its transpose."""
    return projection if streamed else projection._replace(weight=projection.weight.t())


class OutputBuffer:
    """Products of n rows by matrices of one shape, with preallocated input and output.

    x: [n, n_in], which the caller fills; made: [n, n_out], the result of `multiply`. Streamed, one row is multiplied as
    two, the second all zeros."""

    def __init__(self, n: int, like: Projection, *, streamed: bool) -> None:
        n_out, n_in = like.weight.shape
        n_rows = max(n, 2) if streamed else n
        self._streamed = streamed
        self._rows = like.weight.new_zeros(n_rows, n_in)
        self._columns = self._rows.t()
        self._out = like.weight.new_empty((n_out, n_rows) if streamed else (n_rows, n_out))
        self.x = self._rows[:n]
        self.made = self._out.t()[:n] if streamed else self._out

    def new_rows(self) -> Tensor:
        """Zeros of the input's shape: n rows, or two where one is multiplied as two."""
        return torch.zeros_like(self._rows)

    def multiply(self, projection: Projection) -> None:
        """Multiply x by a projection in the layout of `laid_out`."""
        if self._streamed:
            torch.mm(projection.weight, self._columns, out=self._out)
        else:
            torch.mm(self._rows, projection.weight, out=self._out)
        if projection.bias is not None:
            self.made.add_(projection.bias)
