"""The layers of a Llama-like decoder as functions of rows of hidden states; callers keep the caches."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from engine.fast import attention_kernels
from engine.fast.families import ModelShape
from engine.fast.norms import Norm, normed
from engine.fast.weights import FusedLayer, FusedWeights, Projection

Product: TypeAlias = Callable[[Tensor, Projection], Tensor]


class Rotations(NamedTuple):
    """Rotations of n positions by one rope.

    cos: [n, 1, 1, D / 2]; sin: [n, 1, 2, D / 2], that of the first half negated."""

    cos: Tensor
    sin: Tensor


class Heads(NamedTuple):
    """Heads of a layer: rotated queries [rows, H, D]; rotated keys, and plain values, [n, H_kv, D]."""

    queries: Tensor
    keys: Tensor
    values: Tensor


def embedded(ids: Tensor, weights: FusedWeights) -> Tensor:
    """Hidden states [n, hidden] of ids [n]; an id beyond the vocabulary counts as its last entry."""
    hidden = functional.embedding(ids.clamp_max(weights.embedding.shape[0] - 1), weights.embedding)
    return hidden if weights.shape.embedding_factor == 1.0 else hidden * weights.shape.embedding_factor


def projected(hidden: Tensor, layer: FusedLayer, shape: ModelShape, turns: Rotations, product: Product) -> Heads:
    """Queries of hidden [rows, hidden], keys and values of its first n rows.

    turns: of n positions; n is the number of rows, or 1 for rows that are all at one position."""
    n, n_heads, n_rotated = turns.cos.shape[0], shape.n_heads, shape.n_heads + shape.n_kv_heads
    qkv = product(normed(hidden, layer.norm_in), layer.qkv).contiguous()
    heads = qkv.view(hidden.shape[0], -1, shape.head_size)
    rotated = _rotate(_normalised_heads(heads[:, :n_rotated], layer, n_heads), turns)
    return Heads(rotated[:, :n_heads], rotated[:n, n_heads:], heads[:n, n_rotated:])


def attention(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """Values mixed by softmax(scale queries keys): [B, H, n, D].

    queries: [B, H, n, D]; keys, values: [B, H_kv, positions, D]; mask: [n, positions], True where a query attends, or
    added to the scores. None: the queries are those of the last n positions, and each attends up to its own."""
    n, n_kv = queries.shape[-2], keys.shape[1]
    if mask is None and n > 1:
        return attention_kernels.usual(queries, keys, values, scale)
    if queries.device.type == "cpu":
        return functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, scale=scale, enable_gqa=queries.shape[1] != n_kv
        )
    grouped = mask if mask is None else mask.repeat(queries.shape[1] // n_kv, 1)
    return grouped_attention(queries, keys, values, grouped, scale)


def grouped_attention(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """Attention in which the heads that share a key are stacked as more queries of one head: [B, H, n, D].

    mask: broadcast to [B, 1, groups n, positions]. No GPU kernel takes both a mask and fewer key heads than query
    heads; stacked, it takes the mask, and reads each key once for all heads that share it."""
    stacked_queries = queries.reshape(queries.shape[0], keys.shape[1], -1, queries.shape[3])
    mixed = functional.scaled_dot_product_attention(stacked_queries, keys, values, attn_mask=mask, scale=scale)
    return mixed.reshape(queries.shape)


def add_attended(hidden: Tensor, mixed: Tensor, layer: FusedLayer, shape: ModelShape, product: Product) -> Tensor:
    """Project the result of attention, [n, H D], and add it to hidden [n, hidden], in place."""
    attended = _maybe_normed(product(mixed, layer.out), layer.norm_attended)
    return hidden.add_(attended, alpha=shape.residual_factor)


def add_fed_forward(hidden: Tensor, layer: FusedLayer, shape: ModelShape, product: Product) -> Tensor:
    """Add the gated feed-forward of one layer to hidden [n, hidden], in place."""
    gate_up = product(normed(hidden, layer.norm_mlp), layer.gate_up)
    n_gates = gate_up.shape[-1] // 2
    gated = activated(gate_up[:, :n_gates], shape).mul_(gate_up[:, n_gates:])
    fed_forward = _maybe_normed(product(gated, layer.down), layer.norm_fed_forward)
    return hidden.add_(fed_forward, alpha=shape.residual_factor)


def activated(gates: Tensor, shape: ModelShape) -> Tensor:
    """The activation of a model's feed-forward, as a new tensor."""
    return functional.silu(gates) if shape.activation == "silu" else functional.gelu(gates, approximate="tanh")


def _maybe_normed(x: Tensor, norm: Norm | None) -> Tensor:
    return x if norm is None else normed(x, norm)


def logits(hidden: Tensor, weights: FusedWeights, product: Product) -> Tensor:
    """Logits [n, V] of normalised last hidden states [n, hidden]."""
    products, shape = product(hidden, weights.head), weights.shape
    divided = products if shape.logits_divisor == 1.0 else products / shape.logits_divisor
    return divided if shape.logits_cap is None else (divided / shape.logits_cap).tanh_().mul_(shape.logits_cap)


def _normalised_heads(heads: Tensor, layer: FusedLayer, n_heads: int) -> Tensor:
    """Queries and keys [n, H + H_kv, D], normalised where the model does so."""
    if layer.norm_query is None or layer.norm_key is None:
        return heads
    query, key = heads[:, :n_heads], heads[:, n_heads:]
    return torch.cat([normed(query, layer.norm_query), normed(key, layer.norm_key)], 1)


def _rotate(x: Tensor, turns: Rotations) -> Tensor:
    """Rotary embedding of [n, H, D]."""
    halves = x.view(*x.shape[:-1], 2, -1)
    return torch.addcmul(halves * turns.cos, halves.flip(-2), turns.sin).flatten(-2)
