"""Our product with int8 rows is that of the numbers times their scales."""

import pytest
import torch

pytest.importorskip("numba")

from engine.fast import int8_product, matmul
from engine.fast.matmul import OutputBuffer
from engine.fast.weights import Int8Rows, Projection

N_OUT, N_IN = 48, 40


def quantised(*, biased: bool) -> tuple[Projection, Projection]:
    """A projection in int8, and the same one whole."""
    numbers, scales = torch.randint(-128, 128, (N_OUT, N_IN), dtype=torch.int8), torch.rand(N_OUT) + 0.1
    bias, weight = torch.randn(N_OUT) if biased else None, numbers * scales[:, None]
    return Projection(weight, bias, Int8Rows(numbers, scales)), Projection(weight, bias)


@pytest.mark.parametrize("n", [1, 2, 5, 32, 33])
@pytest.mark.parametrize("biased", [False, True])
def test_product_of_any_number_of_rows_equals_that_of_the_whole_matrix(n: int, biased: bool) -> None:
    small, whole = quantised(biased=biased)
    x = torch.randn(N_IN, n).t()
    for form in (matmul.product, matmul.streamed_product):
        torch.testing.assert_close(form(x, small), matmul.product(x, whole), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_buffer_receives_the_product_of_what_was_put_into_it(n: int, biased: bool, streamed: bool) -> None:
    small, whole = quantised(biased=biased)
    buffer = OutputBuffer(n, small, streamed=streamed)
    for _ in range(2):
        buffer.x.copy_(torch.randn(n, N_IN))
        buffer.multiply(matmul.laid_out(small, streamed=streamed))
        torch.testing.assert_close(buffer.made, matmul.product(buffer.x, whole), rtol=1e-4, atol=1e-3)


def test_numbers_that_are_none_are_not_hidden() -> None:
    small, _ = quantised(biased=False)
    x = torch.ones(2, N_IN)
    x[1, 3] = torch.nan
    assert small.int8 is not None
    assert int8_product.product(x, small.int8, None).isnan().any(1).tolist() == [False, True]
