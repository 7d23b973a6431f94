"""Multiplies rows by a matrix, in the form that reads the matrix fastest.

Three rows or more are multiplied by a packed copy of the matrix, where there is one (`packing`). Fewer, on a CPU in
float32: weight @ x.T reads a matrix from memory with all threads where the library's x @ weight.T uses one, but only
for two or more columns, and only for matrices that are not in the CPU's cache. Which is faster is measured for each
number of threads (`row_form`); `bench decode` times both."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.fast import int8_product, packing
from engine.fast.row_form import row_form
from engine.fast.weights import FusedWeights, Projection

MOST_ROWS = 32


def streams(weights: FusedWeights) -> bool:
    """Whether a step's matrices come from memory, so that `streamed_product` is faster for few rows."""
    if weights.quantised and not has_int8_rows(weights):
        return False
    may_stream = may_stream_from(weights.head.weight, weights.n_bytes)
    return may_stream and row_form(matrices_of(weights)) == "streamed"


def has_int8_rows(weights: FusedWeights) -> bool:
    """Whether our own product multiplies the quantised matrices of all layers."""
    return int8_product.available() and all(layer.qkv.int8 is not None for layer in weights.layers)


def may_stream_from(matrix: Tensor, n_bytes: int) -> bool:
    """Whether a step over n_bytes of matrices like this one has two forms to choose from."""
    return matrix.device.type == "cpu" and matrix.dtype == torch.float32 and n_bytes >= packing.LEAST_BYTES


def matrices_of(weights: FusedWeights) -> list[Tensor]:
    """The matrices of a step that are not quantised, in the order in which it reads them."""
    if weights.quantised:
        return [weights.head.weight]
    in_layers = [
        projection.weight
        for layer in weights.layers
        for projection in (layer.qkv, layer.out, layer.gate_up, layer.down)
    ]
    return [*in_layers, weights.head.weight]


def product(x: Tensor, projection: Projection) -> Tensor:
    """Multiply x by a projection: [n, n_in] -> [n, n_out]."""
    if projection.int8 is not None and x.shape[0] <= MOST_ROWS and int8_product.available():
        return int8_product.product(x, projection.int8, projection.bias)
    if packing.serves(x.shape[0], projection):
        return packing.product(x, projection)
    return functional.linear(x, projection.weight, projection.bias)


def streamed_product(x: Tensor, projection: Projection) -> Tensor:
    """`product` up to rounding; returns a transposed view. n >= 2, fastest where n is small."""
    if x.shape[0] > MOST_ROWS or projection.int8 is not None or packing.serves(x.shape[0], projection):
        return product(x, projection)
    columns = x.contiguous().t()
    if projection.bias is None:
        return torch.mm(projection.weight, columns).t()
    return torch.addmm(projection.bias.unsqueeze(1), projection.weight, columns).t()


def laid_out(projection: Projection, *, streamed: bool) -> Projection:
    """A projection in the layout that an output buffer needs: the weight where streamed, else its transpose."""
    if streamed or projection.int8 is not None:
        return projection
    return projection._replace(weight=projection.weight.t())


class OutputBuffer:
    """Products of n rows by float32 matrices of one shape, packed or not, or int8 ones, with preallocated memory.

    x: [n, n_in], which the caller fills; made: [n, n_out], the result of `multiply`. Streamed, one row is multiplied as
    two, the second all zeros."""

    def __init__(self, n: int, like: Projection, *, streamed: bool) -> None:
        n_out, n_in = like.weight.shape
        n_rows = max(n, 2) if streamed else n
        self._by_packed = packing.serves(n, like)
        by_column = streamed and like.int8 is None and not self._by_packed
        self._by_column = by_column
        self._rows = torch.zeros(n_rows, n_in)
        self._columns = self._rows.t()
        self._out = torch.empty((n_out, n_rows) if by_column else (n_rows, n_out))
        self.x = self._rows[:n]
        self.made = self._out.t()[:n] if by_column else self._out[:n]

    def new_rows(self) -> Tensor:
        """Zeros of the input's shape: n rows, or two where one is multiplied as two."""
        return torch.zeros_like(self._rows)

    def multiply(self, projection: Projection) -> None:
        """Multiply x by a projection in the layout of `laid_out`."""
        if projection.int8 is not None:
            int8_product.multiply(self.x, projection.int8, self.made)
        elif self._by_packed:
            self.made.copy_(packing.product(self.x, projection))
            return  # with its bias
        elif self._by_column:
            torch.mm(projection.weight, self._columns, out=self._out)
        else:
            torch.mm(self._rows, projection.weight, out=self._out)
        if projection.bias is not None:
            self.made.add_(projection.bias)
