"""Attention of the nodes of a tree: to the text before it without a mask, to each other with one, merged exactly.

No mask grows with the text, and the text is read by the fastest kernel that there is. Source: arXiv:2502.17421,
section 3.3 (hybrid tree attention)."""

from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.token_tree import Tree
from engine.fast.spans import first_attended

_aten = torch.ops.aten
_HALVES = (torch.float16, torch.bfloat16)
# What the fused kernels of a GPU take: sizes of heads in steps of 8, up to this.
_STEP, _MOST_HEAD_SIZE = 8, 256


class TreeSpan(NamedTuple):
    """What new ids of a tree attend to in a layer: all of them to positions from `first` to before `start`, and each
    to some of those from `masked_from` to before `first`, and from `start` to before `end`.

    bias: [n, positions of both] float32, added to the scores of these: minus infinity where an id does not attend."""

    masked_from: int
    first: int
    start: int
    end: int
    bias: Tensor


class PartialAttention(NamedTuple):
    """Values mixed over some of the positions, [H, n, D], and the logarithm of the sum of their weights before they
    were divided by it, [H, n, 1] float32."""

    mixed: Tensor
    log_sums: Tensor


def tree_span(tree: Tree, length: int, window: int | None, device: torch.device) -> TreeSpan:
    """What the new ids of a tree attend to after the `length` ids of a cache, its own among them.

    A window ends for the deepest nodes before it does for the others: the positions between are masked."""
    n_nodes = tree.seen.shape[1]
    start = length - tree.n_cached
    masked_from = first_attended(start, window)
    first = min(start, first_attended(start + n_nodes - 1, window))  # no node lies deeper than there are nodes
    visible = tree.seen
    if window is not None:
        boundary = torch.arange(masked_from, first, device=device)
        seen = torch.cat([visible.new_ones(visible.shape[0], first - masked_from), visible], 1)
        hidden_up_to = start + tree.new_depths.unsqueeze(1) - window
        visible = seen & (torch.cat([boundary, start + tree.depths]) > hidden_up_to)
    bias = torch.zeros(visible.shape, device=device).masked_fill_(~visible, -torch.inf)
    return TreeSpan(masked_from, first, start, start + n_nodes, bias)


def attended(queries: Tensor, keys: Tensor, values: Tensor, span: TreeSpan, scale: float) -> Tensor:
    """Values mixed for the new ids of a tree: [H_kv, groups n, D].

    queries: [H_kv, groups n, D], the heads that share a key stacked; keys, values: [at least span.end, H_kv, D]."""
    own = _masked(queries, _own(keys, span), _own(values, span), span.bias, scale)
    if span.first == span.start:
        return own.mixed.to(queries.dtype)
    before = slice(span.first, span.start)
    text = unmasked(queries, keys[before].transpose(0, 1), values[before].transpose(0, 1), scale)
    return merged(text, own).to(queries.dtype)


def mixed(keys: Tensor, values: Tensor, span: TreeSpan, queries: Tensor, *, scale: float) -> Tensor:
    """`attended` for queries [n, H, D], in which heads that share a key follow each other: [n, H, D]."""
    n, n_heads, size = queries.shape
    stacked = queries.transpose(0, 1).reshape(keys.shape[1], -1, size)
    return attended(stacked, keys, values, span, scale).view(n_heads, n, size).transpose(0, 1)


def merged(a: PartialAttention, b: PartialAttention) -> Tensor:
    """Attention over the positions of both parts, float32."""
    share = torch.sigmoid(a.log_sums - b.log_sums)
    return torch.lerp(b.mixed.float(), a.mixed.float(), share)


def unmasked(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> PartialAttention:
    """Attention [H, n, D] to all keys and values [H, positions, D], by the kernel that reads them fastest."""
    attend = on_gpu if queries.is_cuda else on_cpu
    mixed, log_sums = attend(queries.unsqueeze(0), keys.unsqueeze(0), values.unsqueeze(0), scale)
    # Some kernels pad the number of queries.
    return PartialAttention(mixed[0], log_sums[0, :, : queries.shape[1]].unsqueeze(-1).float())


def on_cpu(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Attention [B, H, n, D] without a mask, and its logarithms of sums, [B, H, n or more]."""
    mixed, log_sums = _aten._scaled_dot_product_flash_attention_for_cpu(queries, keys, values, scale=scale)
    return mixed, log_sums


def on_gpu(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """The same; half precision has a faster kernel than float32."""
    size = queries.shape[-1]
    if queries.dtype in _HALVES and size % _STEP == 0 and size <= _MOST_HEAD_SIZE:
        mixed, log_sums, *_ = _aten._scaled_dot_product_flash_attention(queries, keys, values, scale=scale)
    else:
        attend = _aten._scaled_dot_product_efficient_attention
        mixed, log_sums, *_ = attend(queries, keys, values, None, True, scale=scale)
    return mixed, log_sums


def _masked(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor, scale: float) -> PartialAttention:
    """Attention in float32 to a few positions [H, positions, D]; bias: [n, positions], the same for all heads."""
    n_groups = queries.shape[1] // bias.shape[0]
    scores = torch.baddbmm(bias.repeat(n_groups, 1), queries.float(), keys.float().transpose(1, 2), alpha=scale)
    log_sums = scores.logsumexp(-1, keepdim=True)
    return PartialAttention(torch.bmm((scores - log_sums).exp(), values.float()), log_sums)


def _own(states: Tensor, span: TreeSpan) -> Tensor:
    """The keys or values of the positions with a bias: [H_kv, positions, D]."""
    nodes = states[span.start : span.end]
    if span.masked_from < span.first:
        nodes = torch.cat([states[span.masked_from : span.first], nodes])
    return nodes.transpose(0, 1)
