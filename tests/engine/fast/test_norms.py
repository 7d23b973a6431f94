"""Our norm is torch's."""

import pytest
import torch
from torch.nn import functional

from engine.fast.norms import norm_into, norm_of, normed


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("epsilon", [1e-6, 0.1])
@pytest.mark.parametrize("shape", [(1, 32), (5, 32), (3, 4, 8)])
def test_norm_equals_that_of_torch(shape: tuple[int, ...], epsilon: float, kind: torch.dtype) -> None:
    x, weight = torch.randn(shape, dtype=kind) * 3, torch.randn(shape[-1], dtype=kind)
    expected = functional.rms_norm(x, weight.shape, weight, epsilon)
    torch.testing.assert_close(normed(x, norm_of(weight, epsilon)), expected)


def test_zeros_stay_zeros() -> None:
    assert torch.equal(normed(torch.zeros(2, 8), norm_of(torch.ones(8), 1e-6)), torch.zeros(2, 8))


def test_norm_into_writes_what_normed_returns_also_in_place() -> None:
    norm = norm_of(torch.randn(24), 1e-5)
    x, length = torch.randn(3, 24), torch.empty(3, 1)
    expected, other = normed(x, norm), torch.empty(3, 24)
    norm_into(other, x, norm, length)
    norm_into(x, x, norm, length)
    torch.testing.assert_close(other, expected)
    torch.testing.assert_close(x, expected)
