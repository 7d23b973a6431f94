"""Multiplies a few rows in float32 by matrices of int8 on a CPU, with one compiled loop over each matrix.

A matrix is read as it lies, in a quarter of the bytes; the library would write it out in float32 first. The loop uses
one thread, whatever torch's number of threads."""

from functools import cache

import torch
from torch import Tensor

from engine.fast.compiled_loops import kernels
from engine.fast.weights import Int8Rows


@cache
def available() -> bool:
    """Whether the loop can be compiled here; to find out takes longer than a product."""
    return kernels() is not None


def product(x: Tensor, rows: Int8Rows, bias: Tensor | None) -> Tensor:
    """x [n, n_in] float32 times the matrix: [n, n_out]."""
    out = torch.empty(x.shape[0], rows.numbers.shape[0])
    multiply(x.contiguous(), rows, out)
    return out if bias is None else out.add_(bias)


def multiply(x: Tensor, rows: Int8Rows, out: Tensor) -> None:
    """Write x [n, n_in] times the matrix to out [n, n_out]; both contiguous float32."""
    # Imported late: importing numba takes half a second, which only the loops need.
    from engine.fast.kernels import compiled

    compiled().multiply_int8(x.numpy(), rows.numbers.numpy(), rows.scales.numpy(), out.numpy())
