"""The joined block computes what the modules do, from as many weights."""

import pytest
import torch
from torch import Tensor

from engine.longspec.block import turns_of
from engine.longspec.joined_block import JoinedBlock
from engine.longspec.shape import n_parameters
from engine.longspec.target_fit import new_shape, rope_of, shape_of
from tests import fakes, longspec


@pytest.mark.parametrize("has_target", [True, False])
@pytest.mark.parametrize("final_norm", [True, False])
def test_it_computes_what_the_modules_do(has_target: bool, final_norm: bool) -> None:
    block = longspec.block(shape_of(fakes.config("qwen3"))._replace(final_norm=final_norm))
    joined = JoinedBlock(block)
    x, turns = torch.randn(3, 32), turns_of(rope_of(fakes.model()), torch.tensor([5, 6, 90]), torch.float32)
    before = x.clone()

    def attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return queries + (keys - values).mean(1, keepdim=True)

    def cross(queries: Tensor) -> Tensor | None:
        return 2 * queries if has_target else None

    torch.testing.assert_close(joined(x, turns, attend, cross), block(x, turns, attend, cross), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(joined.new_kv(x, turns), block.new_kv(x, turns), rtol=1e-4, atol=1e-4)
    assert torch.equal(x, before)


def test_it_holds_every_weight_once() -> None:
    for shape in (shape_of(fakes.config("llama")), new_shape(fakes.config("llama"))):
        assert JoinedBlock(longspec.block(shape)).bytes() == 4 * n_parameters(shape)
