"""Our norm is torch's."""

import pytest
import torch
from torch.nn import functional

from engine.fast.norms import rms_norm


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(1, 32), (5, 32), (3, 4, 8)])
def test_norm_equals_that_of_torch(shape: tuple[int, ...], kind: torch.dtype) -> None:
    x, weight = torch.randn(shape, dtype=kind) * 3, torch.randn(shape[-1], dtype=kind)
    torch.testing.assert_close(rms_norm(x, weight, 1e-5), functional.rms_norm(x, weight.shape, weight, 1e-5))


def test_zeros_stay_zeros() -> None:
    assert torch.equal(rms_norm(torch.zeros(2, 8), torch.ones(8), 1e-6), torch.zeros(2, 8))
