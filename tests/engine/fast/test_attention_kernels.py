"""The attention of a prompt: every kernel computes the same, and none builds a mask that grows with both lengths."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from engine.errors import InputError
from engine.fast import attention_kernels
from engine.fast.model import FusedModel
from engine.fast.weights import fuse
from tests import fakes

CPU = torch.device("cpu")
USABLE = [kernel for kernel in attention_kernels.kernels() if not attention_kernels.why_not(kernel, CPU, torch.float32)]


def states(n: int, n_positions: int, n_heads: int, n_kv: int, size: int, dtype: torch.dtype) -> list[Tensor]:
    """Random queries, keys and values in memory as a cache holds them."""
    rng = torch.Generator().manual_seed(n)
    rows = [
        torch.randn(length, heads, size, generator=rng).to(dtype)
        for length, heads in ((n, n_heads), (n_positions, n_kv), (n_positions, n_kv))
    ]
    return [each.transpose(0, 1).unsqueeze(0) for each in rows]


@pytest.mark.parametrize("kernel", USABLE, ids=lambda kernel: kernel.name)
@pytest.mark.parametrize(("n", "n_positions"), [(40, 40), (40, 333), (70, 100)])
@pytest.mark.parametrize(("n_heads", "n_kv"), [(4, 4), (6, 2), (3, 1)])
def test_every_kernel_is_the_reference_in_float32(
    kernel: attention_kernels.AttentionKernel, n: int, n_positions: int, n_heads: int, n_kv: int
) -> None:
    queries, keys, values = states(n, n_positions, n_heads, n_kv, 16, torch.float32)
    expected = attention_kernels.reference(queries, keys, values, 0.3)
    assert torch.allclose(kernel.attend(queries, keys, values, 0.3).double(), expected, atol=1e-5)


def test_half_precision_is_joined_in_float32() -> None:
    queries, keys, values = states(40, 600, 4, 2, 16, torch.bfloat16)
    mixed = attention_kernels.usual(queries, keys, values, 0.25)
    assert mixed.dtype == torch.bfloat16
    expected = attention_kernels.reference(queries, keys, values, 0.25)
    assert (mixed.double() - expected).abs().max() < 0.06 * expected.std()


class _Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The most elements of a tensor that any operation returned."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.n = 0

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for each in result if isinstance(result, tuple | list) else (result,):
            if isinstance(each, Tensor) and each._base is None:
                self.n = max(self.n, each.numel())
        return result


@pytest.mark.parametrize("kernel", USABLE, ids=lambda kernel: kernel.name)
def test_no_tensor_grows_with_the_square_of_the_length(kernel: attention_kernels.AttentionKernel) -> None:
    length, chunk = 2048, 256
    weights = fuse(fakes.model(max_position_embeddings=length))
    model = FusedModel(weights, context=length, attend=kernel.attend)
    with torch.no_grad(), _Largest() as largest:
        for ids in torch.zeros(length, dtype=torch.int64).split(chunk):
            model.prefill(ids)
    cache = weights.shape.n_kv_heads * weights.shape.head_size * len(weights.layers) * length
    scores = attention_kernels._MASKED_QUERIES * weights.shape.n_heads * length
    assert 0 < largest.n <= max(cache, scores, chunk * weights.layers[0].gate_up.weight.shape[0])
    assert largest.n < length * length / 8


@pytest.mark.parametrize("kernel", USABLE, ids=lambda kernel: kernel.name)
def test_a_model_reads_a_prompt_the_same_with_every_kernel(kernel: attention_kernels.AttentionKernel) -> None:
    weights = fuse(fakes.model(sharpness=2.0))
    ids = torch.arange(100) % 290
    with torch.inference_mode():
        whole = FusedModel(weights, context=128)
        expected = torch.cat([whole.forward(ids[i : i + 1]) for i in range(100)])[-1]
        model = FusedModel(weights, context=128, attend=kernel.attend)
        for chunk in ids[:99].split(45):
            model.prefill(chunk)
        assert torch.allclose(model.forward(ids[99:])[-1], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "device", "dtype", "words"),
    [
        ("efficient", "cpu", torch.float32, "for CUDA only"),
        ("cudnn", "cpu", torch.float32, "for CUDA only"),
        ("flash", "cuda", torch.float32, "takes float16 and bfloat16, not float32"),
        ("flash-attn", "cpu", torch.float32, "flash-attn"),
    ],
)
def test_kernels_that_cannot_be_used_say_why(name: str, device: str, dtype: torch.dtype, words: str) -> None:
    with pytest.raises(InputError, match=words):
        attention_kernels.usable(name, torch.device(device), dtype, fused=True)


def test_modules_can_be_restricted_but_take_no_other_kernel() -> None:
    assert attention_kernels.usable("math", CPU, torch.float32, fused=False).name == "math"
    with pytest.raises(InputError, match="modules"):
        attention_kernels.usable("eager", CPU, torch.float32, fused=False)
    with pytest.raises(InputError, match="there is no attention kernel 'fastest'"):
        attention_kernels.find("fastest")
