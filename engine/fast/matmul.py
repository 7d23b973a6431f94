"""The product of a few rows with a matrix, in the form that reads the matrix fastest; knows no models.

On a CPU in float32, weight @ x.T reads a matrix from memory with all threads where the library's x @ weight.T uses one,
but only from two columns on, and only for matrices that do not lie in the cache anyway; `bench decode` times both."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.fast.weights import FusedWeights, Projection

_LEAST_STREAMED_BYTES = 8 << 20
MOST_ROWS = 32


def streams(weights: FusedWeights) -> bool:
    """Whether a step's matrices come from memory, so that few rows are better multiplied from the left."""
    return not weights.quantised and streams_from(weights.head.weight, weights.n_bytes)


def streams_from(matrix: Tensor, n_bytes: int) -> bool:
    """The same of a step over n_bytes of matrices like this one."""
    return matrix.device.type == "cpu" and matrix.dtype == torch.float32 and n_bytes >= _LEAST_STREAMED_BYTES


def product(x: Tensor, by: Projection) -> Tensor:
    """x: [n, n_in] -> [n, n_out]."""
    return functional.linear(x, by.weight, by.bias)


def streamed_product(x: Tensor, by: Projection) -> Tensor:
    """The same numbers up to rounding; the result is a transposed view. n >= 2, fastest where n is small."""
    if x.shape[0] > MOST_ROWS:
        return product(x, by)
    columns = x.contiguous().t()
    if by.bias is None:
        return torch.mm(by.weight, columns).t()
    return torch.addmm(by.bias.unsqueeze(1), by.weight, columns).t()


def laid_out(by: Projection, *, streamed: bool) -> Projection:
    """A projection as an output buffer multiplies by it: the weight where streamed, its transpose otherwise."""
    return by if streamed else by._replace(weight=by.weight.t())


class OutputBuffer:
    """Products of n rows by matrices of one shape, with the places of both sides made once.

    x: [n, n_in], to be filled before; made: [n, n_out], what `multiply` leaves. Streamed, one row is multiplied as two,
    the second all zeros."""

    def __init__(self, n: int, like: Projection, *, streamed: bool) -> None:
        n_out, n_in = like.weight.shape
        n_rows = max(n, 2) if streamed else n
        self._streamed = streamed
        self._rows = like.weight.new_zeros(n_rows, n_in)
        self._columns = self._rows.t()
        self._to = like.weight.new_empty((n_out, n_rows) if streamed else (n_rows, n_out))
        self.x = self._rows[:n]
        self.made = self._to.t()[:n] if streamed else self._to

    def new_rows(self) -> Tensor:
        """Zeros of the shape that products take in: n rows, or two where one is multiplied as two."""
        return torch.zeros_like(self._rows)

    def multiply(self, by: Projection) -> None:
        """Multiply what lies in x by a moulded projection."""
        if self._streamed:
            torch.mm(by.weight, self._columns, out=self._to)
        else:
            torch.mm(self._rows, by.weight, out=self._to)
        if by.bias is not None:
            self.made.add_(by.bias)
