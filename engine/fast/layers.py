"""The arithmetic of a Llama-like decoder over rows of hidden states; knows no cache, no sequence and no loop."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from engine.fast.families import Shape
from engine.fast.norms import normed
from engine.fast.weights import FusedLayer, FusedWeights, Projection

Product: TypeAlias = Callable[[Tensor, Projection], Tensor]


class Turns(NamedTuple):
    """Rotations of n positions. cos: [n, 1, 1, D / 2]; sin: [n, 1, 2, D / 2], that of the first half negated."""

    cos: Tensor
    sin: Tensor


class Heads(NamedTuple):
    """What a layer makes of its rows: turned queries [rows, H, D]; turned keys and values [n, H_kv, D]."""

    queries: Tensor
    keys: Tensor
    values: Tensor


def embedded(ids: Tensor, weights: FusedWeights) -> Tensor:
    """Hidden states [n, hidden] of ids [n]; an id beyond the vocabulary is read as its last entry."""
    hidden = functional.embedding(ids.clamp_max(weights.embedding.shape[0] - 1), weights.embedding)
    return hidden if weights.shape.embedding_factor == 1.0 else hidden * weights.shape.embedding_factor


def projected(hidden: Tensor, layer: FusedLayer, shape: Shape, turns: Turns, product: Product) -> Heads:
    """Queries of hidden [rows, hidden], keys and values of its first n rows.

    turns: of n positions; n is the number of rows, or 1 for rows that are all at one position."""
    n, n_heads, n_turned = turns.cos.shape[0], shape.n_heads, shape.n_heads + shape.n_kv_heads
    joined = product(normed(hidden, layer.norm_in), layer.qkv).contiguous()
    heads = joined.view(hidden.shape[0], -1, shape.head_size)
    turned = _rotated(_heads_normed(heads[:, :n_turned], layer, n_heads), turns)
    return Heads(turned[:, :n_heads], turned[:n, n_heads:], heads[:n, n_turned:])


def attention(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """Values mixed by softmax(scale queries keys): [B, H, n, D].

    queries: [B, H, n, D]; keys, values: [B, H_kv, positions, D]; mask: [n, positions] or broadcast to
    [B, H, n, positions], True where a query attends; None masks nothing."""
    grouped = queries.shape[1] != keys.shape[1]
    return functional.scaled_dot_product_attention(
        queries, keys, values, attn_mask=mask, scale=scale, enable_gqa=grouped
    )


def add_attended(hidden: Tensor, mixed: Tensor, layer: FusedLayer, shape: Shape, product: Product) -> Tensor:
    """Add what attention mixed, [n, H D], to hidden [n, hidden], in place."""
    return hidden.add_(product(mixed, layer.out), alpha=shape.residual_factor)


def add_fed_forward(hidden: Tensor, layer: FusedLayer, shape: Shape, product: Product) -> Tensor:
    """Add the gated feed-forward of one layer to hidden [n, hidden], in place."""
    both = product(normed(hidden, layer.norm_mlp), layer.gate_up)
    n_gates = both.shape[-1] // 2
    gated = functional.silu(both[:, :n_gates]).mul_(both[:, n_gates:])
    return hidden.add_(product(gated, layer.down), alpha=shape.residual_factor)


def logits(hidden: Tensor, weights: FusedWeights, product: Product) -> Tensor:
    """Logits [n, V] of normalised last hidden states [n, hidden]."""
    found = product(hidden, weights.head)
    return found if weights.shape.logits_divisor == 1.0 else found / weights.shape.logits_divisor


def _heads_normed(heads: Tensor, layer: FusedLayer, n_heads: int) -> Tensor:
    """Queries and keys [n, H + H_kv, D], normalised where the model does so."""
    if layer.norm_query is None or layer.norm_key is None:
        return heads
    query, key = heads[:, :n_heads], heads[:, n_heads:]
    return torch.cat([normed(query, layer.norm_query), normed(key, layer.norm_key)], 1)


def _rotated(x: Tensor, turns: Turns) -> Tensor:
    """Rotary embedding of [n, H, D]."""
    halves = x.view(*x.shape[:-1], 2, -1)
    return torch.addcmul(halves * turns.cos, halves.flip(-2), turns.sin).flatten(-2)
