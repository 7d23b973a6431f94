"""The packed copies take what was estimated."""

import pytest
import torch

from engine.fast import packing
from engine.fast.weights import FusedWeights, fuse
from engine.models.packed_size import packed_bytes
from tests import fakes

CPU = torch.device("cpu")
ROOM = 1 << 40
pytestmark = pytest.mark.skipif(not packing.available(), reason="torch has no oneDNN here")


def copied_bytes(weights: FusedWeights) -> int:
    """Bytes of the matrices that have a packed copy."""
    layers = [each for layer in weights.layers for each in (layer.qkv, layer.out, layer.gate_up, layer.down)]
    return sum(each.weight.nbytes for each in (*layers, weights.head) if each.packed is not None)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_estimate_is_what_packing_copies(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LEAST_BYTES", 1)
    model = fakes.model().to(dtype)
    weights = fuse(model)
    estimated = packed_bytes(model.config, dtype, CPU, "auto", ROOM)
    assert estimated == copied_bytes(packing.pack(weights, ROOM)) == weights.n_bytes
    head = packed_bytes(model.config, dtype, CPU, "auto", ROOM, quantize="int8")
    assert head == copied_bytes(packing.pack(weights._replace(quantised=True), ROOM)) == weights.head.weight.nbytes


def test_nothing_is_copied_for_modules_or_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LEAST_BYTES", 1)
    config = fakes.model().config
    assert packed_bytes(config, torch.float32, CPU, "modules", ROOM) == 0
    assert packed_bytes(config, torch.float32, CPU, "auto", 1000) == 0
    assert packed_bytes(config, torch.float32, torch.device("cuda"), "auto", ROOM) == 0
