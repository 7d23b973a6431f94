"""Packed matrices multiply as the plain ones do, and are made only where there is room and something to gain."""

import pytest
import torch

from engine.fast import matmul, packing
from engine.fast.model import FusedModel
from engine.fast.packing import LEAST_BYTES, pack, packed, packs
from engine.fast.weights import FusedWeights, Projection, fuse
from tests import fakes

CPU = torch.device("cpu")
ROOM = 1 << 40
pytestmark = pytest.mark.skipif(not packing.available(), reason="torch has no oneDNN here")


def of_some_size(weights: FusedWeights) -> FusedWeights:
    """Packed as a model large enough would be."""
    layers = tuple(
        layer._replace(
            qkv=packed(layer.qkv), out=packed(layer.out), gate_up=packed(layer.gate_up), down=packed(layer.down)
        )
        for layer in weights.layers
    )
    return weights._replace(layers=layers, head=packed(weights.head))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 33, 200])
def test_a_packed_product_equals_the_plain_one(n: int, biased: bool, dtype: torch.dtype) -> None:
    plain = Projection(torch.randn(48, 24).to(dtype), torch.randn(48).to(dtype) if biased else None)
    x = torch.randn(24, n).to(dtype).t()
    expected = matmul.product(x, plain)
    torch.testing.assert_close(matmul.product(x, packed(plain)), expected)
    torch.testing.assert_close(matmul.streamed_product(x, packed(plain)), expected)


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("n", [1, 3, 9])
def test_an_output_buffer_of_a_packed_matrix_holds_its_product(n: int, streamed: bool, biased: bool) -> None:
    plain = Projection(torch.randn(48, 24), torch.randn(48) if biased else None)
    buffer = matmul.OutputBuffer(n, packed(plain), streamed=streamed)
    for _ in range(2):
        buffer.x.copy_(torch.randn(n, 24))
        buffer.multiply(matmul.laid_out(packed(plain), streamed=streamed))
        torch.testing.assert_close(buffer.made, matmul.product(buffer.x, plain))


@pytest.mark.parametrize("n", [1, 3, 6, 40])
def test_a_packed_model_computes_the_same_logits(n: int) -> None:
    weights, ids = fuse(fakes.model()), torch.randint(0, 40, (n,))
    plain, fast = (FusedModel(each, context=fakes.CONTEXT) for each in (weights, of_some_size(weights)))
    for sequence in plain, fast:
        sequence.prefill(torch.arange(5))
    torch.testing.assert_close(fast.forward(ids), plain.forward(ids))


def test_what_is_large_enough_and_fits_in_a_quarter_of_the_free_memory_is_packed() -> None:
    assert packs(torch.float32, CPU, LEAST_BYTES, 4 * LEAST_BYTES)
    assert not packs(torch.float32, CPU, LEAST_BYTES, 4 * LEAST_BYTES - 1)
    assert not packs(torch.float32, CPU, LEAST_BYTES - 1, ROOM)
    assert not packs(torch.float16, CPU, LEAST_BYTES, ROOM)
    assert not packs(torch.float32, torch.device("cuda"), LEAST_BYTES, ROOM)


def test_a_type_that_the_processor_cannot_multiply_packed_is_not_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(x: torch.Tensor, matrix: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        if x.dtype == torch.bfloat16:
            raise RuntimeError("mkldnn_linear: bf16 path needs the cpu support avx512bw, avx512vl and avx512dq")
        return x

    packing.available.cache_clear()
    monkeypatch.setattr(packing, "_product", refuse)
    assert packs(torch.float32, CPU, LEAST_BYTES, ROOM) and not packs(torch.bfloat16, CPU, LEAST_BYTES, ROOM)
    packing.available.cache_clear()


def test_every_matrix_of_a_large_model_is_packed_and_none_of_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = fuse(fakes.model())
    assert pack(weights, ROOM) is weights
    monkeypatch.setattr(packing, "LEAST_BYTES", 1)
    made = pack(weights, ROOM)
    layer = made.layers[-1]
    assert all(each.packed is not None for each in (layer.qkv, layer.out, layer.gate_up, layer.down, made.head))
    only_head = pack(weights._replace(quantised=True), ROOM)
    assert only_head.layers is weights.layers and only_head.head.packed is not None


def test_a_copy_that_does_not_fit_after_all_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(projection: Projection) -> Projection:
        raise RuntimeError("can't allocate memory")

    weights = fuse(fakes.model())
    monkeypatch.setattr(packing, "LEAST_BYTES", 1)
    monkeypatch.setattr(packing, "packed", refuse)
    assert pack(weights, ROOM) is weights
