"""Both forms of a product give the same numbers, for any number of rows."""

import pytest
import torch

from engine.fast import matmul
from engine.fast.weights import Projection, fuse
from tests import fakes


@pytest.mark.parametrize("n", [2, 5, 32, 33, 100])
@pytest.mark.parametrize("biased", [False, True])
def test_streamed_product_equals_the_plain_one(n: int, biased: bool) -> None:
    by = Projection(torch.randn(48, 24), torch.randn(48) if biased else None)
    x = torch.randn(24, n).t()
    torch.testing.assert_close(matmul.streamed_product(x, by), matmul.product(x, by))


@pytest.mark.parametrize("form", ["streamed", "library"])
def test_small_models_stay_in_the_cache_and_large_ones_take_the_faster_form(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = fuse(fakes.model())
    monkeypatch.setattr(matmul, "row_form", lambda matrices: form if len(matrices) == 9 else "none")
    assert not matmul.streams(weights)
    assert matmul.streams(weights._replace(n_bytes=32 << 20)) == (form == "streamed")
    half = weights.head._replace(weight=weights.head.weight.bfloat16())
    assert not matmul.streams(weights._replace(n_bytes=32 << 20, head=half))


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_mould_leaves_the_product_of_what_was_put_into_it(n: int, biased: bool, streamed: bool) -> None:
    by = Projection(torch.randn(48, 24), torch.randn(48) if biased else None)
    buffer = matmul.OutputBuffer(n, by, streamed=streamed)
    for _ in range(2):
        buffer.x.copy_(torch.randn(n, 24))
        buffer.multiply(matmul.laid_out(by, streamed=streamed))
        torch.testing.assert_close(buffer.made, matmul.product(buffer.x, by))
