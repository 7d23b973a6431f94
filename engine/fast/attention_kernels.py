"""The kernels that can compute the attention of a prompt: what each needs, and how it is called without a large mask.

Queries are those of the last n positions, and each attends up to its own. A mask would be n by all positions: the
kernels here derive it, or build it for a few queries at a time."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.bias import causal_lower_right

from engine.errors import InputError
from engine.events import AttentionName

# queries [1, H, n, D], keys and values [1, H_kv, positions, D], scale -> [1, H, n, D]
Attend: TypeAlias = Callable[[Tensor, Tensor, Tensor, float], Tensor]
_HALVES = (torch.float16, torch.bfloat16)
_MASKED_QUERIES = 32
_PACKAGE = "flash_attn"


class AttentionKernel(NamedTuple):
    """A kernel. function: computes it; backend: what torch's own attention is restricted to, None for nothing."""

    name: AttentionName
    title: str
    function: Attend
    backend: SDPBackend | None = None

    @property
    def attend(self) -> Attend:
        """Compute attention with this kernel and no other. Raises RuntimeError where torch has it not after all."""
        return self.function if self.backend is None else partial(_restricted, self)


def kernels() -> tuple[AttentionKernel, ...]:
    """All kernels, the usual one first."""
    return (
        AttentionKernel("auto", "chosen by the forward", usual),
        AttentionKernel("flash", "SDPA, flash", flash, SDPBackend.FLASH_ATTENTION),
        AttentionKernel("efficient", "SDPA, memory-efficient", by_backend, SDPBackend.EFFICIENT_ATTENTION),
        AttentionKernel("cudnn", "SDPA, cuDNN", by_backend, SDPBackend.CUDNN_ATTENTION),
        AttentionKernel("math", "SDPA, math", masked, SDPBackend.MATH),
        AttentionKernel("eager", "eager: products and softmax", eager),
        AttentionKernel("flash-attn", "the package flash-attn", packaged),
    )


def find(name: str) -> AttentionKernel:
    """The kernel of a name. Raises InputError."""
    named = {kernel.name: kernel for kernel in kernels()}
    for own_name, kernel in named.items():
        if own_name == name:
            return kernel
    raise InputError(f"there is no attention kernel {name!r}", f"use one of {', '.join(named)}")


def why_not(kernel: AttentionKernel, device: torch.device, dtype: torch.dtype, *, fused: bool = True) -> str:
    """Why a kernel cannot be used on a device, in a type and on a forward; empty if it can.

    fused: our own forward; transformers' modules call torch's attention, which can be restricted and not replaced."""
    if not fused and kernel.backend is None and kernel.name != "auto":
        return "the model runs on transformers' modules, which call torch's own attention"
    if kernel.name in ("efficient", "cudnn") and device.type != "cuda":
        return f"torch has it for CUDA only, this is {device.type}"
    if kernel.name in ("flash", "cudnn") and device.type == "cuda" and dtype not in _HALVES:
        return f"on CUDA it takes float16 and bfloat16, not {_name(dtype)}"
    if kernel.name == "flash-attn":
        if importlib.util.find_spec(_PACKAGE) is None:
            return "the package flash-attn is not installed"
        if device.type != "cuda" or dtype not in _HALVES:
            return f"it takes float16 and bfloat16 on CUDA, not {_name(dtype)} on {device.type}"
    return ""


def usable(name: str, device: torch.device, dtype: torch.dtype, *, fused: bool) -> AttentionKernel:
    """The kernel of a name. Raises InputError where there is none, or it cannot be used here."""
    kernel = find(name)
    reason = why_not(kernel, device, dtype, fused=fused)
    if reason:
        raise InputError(f"the attention kernel {name} cannot be used: {reason}", "choose auto, or another kernel")
    return kernel


@contextmanager
def restricted(kernel: AttentionKernel) -> Iterator[None]:
    """Restrict torch's own attention to a kernel, whoever calls it."""
    with nullcontext() if kernel.backend is None else sdpa_kernel(kernel.backend):
        yield


def _restricted(kernel: AttentionKernel, queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    with restricted(kernel):
        return kernel.function(queries, keys, values, scale)


def usual(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """What the fused forward takes by itself: the flash kernel, on a GPU in float32 masks of a few queries."""
    if queries.device.type == "cpu" or queries.dtype in _HALVES:
        return flash(queries, keys, values, scale)
    return masked(queries, keys, values, scale)


def flash(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """Torch's flash kernel. On a CPU, whose kernel derives a mask only for as many queries as positions, what lies
    before the queries is attended to without a mask, and both parts are joined by their weights in float32."""
    if queries.device.type != "cpu":
        return by_backend(queries, keys, values, scale)
    n_before = keys.shape[-2] - queries.shape[-2]
    own, own_lse = _cpu_flash(queries, *_for_all_heads(queries, keys, values, n_before), scale, causal=True)
    if not n_before:
        return own
    stacked = queries.reshape(queries.shape[0], keys.shape[1], -1, queries.shape[3])
    before, before_lse = _cpu_flash(stacked, keys[..., :n_before, :], values[..., :n_before, :], scale, causal=False)
    return _joined(before.reshape(own.shape), before_lse.reshape(own_lse.shape), own, own_lse)


def by_backend(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """The kernel of torch's own that takes a causal mask without building it, which is so on a GPU alone."""
    bias = causal_lower_right(queries.shape[-2], keys.shape[-2])
    return functional.scaled_dot_product_attention(
        queries, keys, values, attn_mask=bias, scale=scale, enable_gqa=queries.shape[1] != keys.shape[1]
    )


def masked(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """Torch's attention with a mask for a few queries at a time; heads that share a key are more queries of it."""
    return _in_pieces(queries, keys, values, scale, _masked_piece)


def eager(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """Products and a softmax, as they are written in the paper, for a few queries at a time."""
    return _in_pieces(queries, keys, values, scale, _eager_piece)


def reference(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """Attention in float64, with which all others are compared."""
    n, n_positions, n_groups = queries.shape[-2], keys.shape[-2], queries.shape[1] // keys.shape[1]
    keys, values = (states.double().repeat_interleave(n_groups, 1) for states in (keys, values))
    future = torch.ones(n, n_positions, dtype=torch.bool).triu(n_positions - n + 1)
    scores = (queries.double() @ keys.transpose(-2, -1)) * scale
    return scores.masked_fill(future, -torch.inf).softmax(-1) @ values


def packaged(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """The kernel of the package flash-attn, whose causal mask is aligned as ours is."""
    attend = importlib.import_module(_PACKAGE).flash_attn_func
    by_position = (states.transpose(1, 2) for states in (queries, keys, values))
    mixed: Tensor = attend(*by_position, softmax_scale=scale, causal=True)
    return mixed.transpose(1, 2)


def _cpu_flash(queries: Tensor, keys: Tensor, values: Tensor, scale: float, *, causal: bool) -> tuple[Tensor, Tensor]:
    """The values mixed, and the logarithm of the sum of weights of each query, [B, H, n] float32."""
    # The public function keeps the sums to itself.
    attend = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    mixed, lse = attend(queries, keys, values, 0.0, causal, scale=scale)
    return mixed, lse


def _for_all_heads(queries: Tensor, keys: Tensor, values: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """Keys and values from position `first` on, repeated for every head that shares them."""
    n_groups = queries.shape[1] // keys.shape[1]
    own = (states[..., first:, :] for states in (keys, values))
    repeated = [states if n_groups == 1 else states.repeat_interleave(n_groups, 1) for states in own]
    return repeated[0], repeated[1]


def _joined(a: Tensor, a_lse: Tensor, b: Tensor, b_lse: Tensor) -> Tensor:
    """Attention over two sets of positions out of that over each, in the type of the values."""
    share = torch.sigmoid(a_lse.float() - b_lse.float()).unsqueeze(-1)
    return torch.lerp(b.float(), a.float(), share).to(a.dtype)


def _in_pieces(
    queries: Tensor, keys: Tensor, values: Tensor, scale: float,
    attend: Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor],
) -> Tensor:  # fmt: skip
    n, n_before, n_groups = queries.shape[-2], keys.shape[-2] - queries.shape[-2], queries.shape[1] // keys.shape[1]
    pieces = []
    for start in range(0, n, _MASKED_QUERIES):
        piece = queries[..., start : start + _MASKED_QUERIES, :]
        end = n_before + start + piece.shape[-2]
        last = torch.arange(end - piece.shape[-2], end, device=queries.device)
        future = torch.arange(end, device=queries.device) > last[:, None]
        bias = queries.new_zeros(future.shape).masked_fill_(future, -torch.inf).repeat(n_groups, 1)
        stacked = piece.reshape(piece.shape[0], keys.shape[1], -1, piece.shape[3])
        mixed = attend(stacked, keys[..., :end, :], values[..., :end, :], bias, scale)
        pieces.append(mixed.reshape(piece.shape))
    return torch.cat(pieces, -2)


def _masked_piece(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor, scale: float) -> Tensor:
    return functional.scaled_dot_product_attention(queries, keys, values, attn_mask=bias, scale=scale)


def _eager_piece(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor, scale: float) -> Tensor:
    scores = (queries @ keys.transpose(-2, -1)).float() * scale + bias
    return scores.softmax(-1).to(values.dtype) @ values


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
