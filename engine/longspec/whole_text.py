"""The block's two attentions over whole texts at once, as training and scoring compute them.

No mask of the size length² is built. Source: arXiv:2502.17421, algorithm 2 (flash noisy training)."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.longspec.block import CrossAttention, SelfAttention


def windowed(window: int) -> SelfAttention:
    """Self-attention of texts [B, T, H, D], in which each position sees itself and `window` before it."""

    def attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        if queries.shape[1] <= window + 1:
            return _causal(queries, keys, values)
        return _in_blocks(queries, keys, values, window)

    return attend


def lagged(keys: Tensor, values: Tensor, lag: int) -> CrossAttention:
    """Cross-attention to a target's keys and values [B, T, H_kv, D], of which position t sees those up to t - lag.

    Queries are those of the whole text, or of its last positions. The first `lag` positions of a text see none of them,
    and get zeros. lag: at least 1, as while drafting."""

    def attend(queries: Tensor) -> Tensor | None:
        """Values mixed for queries [B, n, H, D], the last n of the text; None where none of them sees a key."""
        n_before = keys.shape[1] - queries.shape[1]
        if n_before:
            assert n_before >= lag
            return _of_last(queries, keys, values, n_before - lag)
        n = queries.shape[1] - lag
        if n < 1:
            return None
        mixed = _causal(queries[:, lag:], keys[:, :n], values[:, :n])
        return functional.pad(mixed, (0, 0, 0, 0, lag, 0))

    return attend


def _of_last(queries: Tensor, keys: Tensor, values: Tensor, n_before: int) -> Tensor:
    """Attention of a few queries [B, n, H, D], of which the first sees n_before keys and its own."""
    keys, values = _by_head(keys, values, queries.shape[2])
    places = torch.arange(keys.shape[2], device=queries.device)
    visible = places <= n_before + torch.arange(queries.shape[1], device=queries.device)[:, None]
    mixed = functional.scaled_dot_product_attention(queries.transpose(1, 2), keys, values, attn_mask=visible)
    return mixed.transpose(1, 2)


def _causal(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention of texts [B, T, H, D] in which each position sees those up to its own."""
    keys, values = _by_head(keys, values, queries.shape[2])
    return functional.scaled_dot_product_attention(queries.transpose(1, 2), keys, values, is_causal=True).transpose(
        1, 2
    )


def _in_blocks(queries: Tensor, keys: Tensor, values: Tensor, window: int) -> Tensor:
    """Attention in blocks of the window's length, each to itself and the block before it."""
    n_rows, length = queries.shape[:2]
    n_blocks = -(-length // window)
    query_blocks = _blocks(queries.transpose(1, 2), n_blocks, window)
    by_head = _by_head(keys, values, queries.shape[2])
    both_keys, both_values = (_with_previous(_blocks(states, n_blocks, window)) for states in by_head)
    key_places = torch.arange(-window, window, device=queries.device)
    age = torch.arange(window, device=queries.device)[:, None] - key_places
    visible = ((age >= 0) & (age <= window)).repeat(n_blocks, 1, 1)
    visible[0, :, :window].fill_(False)  # the first block has none before it
    mask = visible[None, :, None].expand(n_rows, -1, -1, -1, -1).flatten(0, 1)
    mixed = functional.scaled_dot_product_attention(
        query_blocks.flatten(0, 1), both_keys.flatten(0, 1), both_values.flatten(0, 1), attn_mask=mask
    )
    return mixed.view(n_rows, n_blocks, *mixed.shape[1:]).transpose(2, 3).flatten(1, 2)[:, :length]


def _by_head(keys: Tensor, values: Tensor, n_heads: int) -> tuple[Tensor, Tensor]:
    """[B, T, H_kv, D] -> [B, H, T, D], a key for each query: only so every kernel has a gradient."""
    n_groups = n_heads // keys.shape[2]
    return (
        keys.transpose(1, 2).repeat_interleave(n_groups, 1),
        values.transpose(1, 2).repeat_interleave(n_groups, 1),
    )


def _blocks(states: Tensor, n_blocks: int, window: int) -> Tensor:
    """[B, H, T, D] -> [B, blocks, H, window, D], filled up with zeros."""
    padded = functional.pad(states, (0, 0, 0, n_blocks * window - states.shape[2]))
    return padded.view(*states.shape[:2], n_blocks, window, states.shape[3]).transpose(1, 2)


def _with_previous(blocks: Tensor) -> Tensor:
    """Each block [..., blocks, H, window, D] behind the one before it, zeros before the first."""
    previous = functional.pad(blocks[:, :-1], (0, 0, 0, 0, 0, 0, 1, 0))
    return torch.cat([previous, blocks], 3)
