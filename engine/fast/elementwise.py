"""Computes what lies between a layer's matrix products with torch, for a few rows in float32 on a CPU.

Each operation writes to a preallocated buffer, so that none allocates, copies to another layout or creates a view."""

from typing import NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor

from engine.decoding.token_tree import Tree
from engine.fast import tree_attention
from engine.fast.families import ModelShape
from engine.fast.kv_cache import Buffers
from engine.fast.layers import activated
from engine.fast.matmul import OutputBuffer
from engine.fast.norms import Norm, norm_into
from engine.fast.spans import span
from engine.fast.tree_attention import TreeSpan, tree_span
from engine.fast.weights import FusedLayer, FusedWeights

_BLOCK = 64
_CPU = torch.device("cpu")
_BlockViews: TypeAlias = tuple[tuple[Tensor, ...], tuple[Tensor, ...]]


class OutputBuffers(NamedTuple):
    """The products of n rows of a layer; each layer overwrites those of the one before."""

    qkv: OutputBuffer
    out: OutputBuffer
    gate_up: OutputBuffer
    down: OutputBuffer


class Elementwise(Protocol):
    """Turns the results of the matrix products of n rows into the inputs of the next ones.

    index: of a layer."""

    @property
    def last(self) -> Tensor:
        """The result of the last layer: [n, hidden], possibly followed by meaningless rows."""

    def begin(self, hidden: Tensor, start: int, cache: Buffers, tree: Tree | None) -> None:
        """Begin with hidden states [n, hidden] of ids that follow the `start` ids in `cache`.

        Their norm becomes the input of `qkv`."""

    def attended(self, index: int) -> None:
        """Attention, from the result of `qkv` to the input of `out`; keys and values join the cache."""

    def added_attention(self, index: int) -> None:
        """Add the result of `out` to the hidden states, whose norm becomes the input of `gate_up`."""

    def gated(self) -> None:
        """The gate of the feed-forward, from the result of `gate_up` to the input of `down`."""

    def added_feed_forward(self, index: int) -> None:
        """Add the result of `down` to the hidden states, whose norm becomes the input of the next `qkv`, or `last`."""


class _Read(NamedTuple):
    """What the layers of one window attend to, one entry a layer: keys [H_kv, D, positions], values [H_kv, positions,
    D]; bias [groups n, positions] is minus infinity where an id does not attend."""

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    bias: Tensor


class _Rotations(NamedTuple):
    """Rotations of n positions. cos: [n, 1, 1, D / 2]; for each half of a head, the sine for the other half."""

    cos: Tensor
    sin_to_first: Tensor
    sin_to_second: Tensor


class Norms(NamedTuple):
    """The norms of a model, one entry a layer but for the first.

    heads: of queries and keys together, one row of weights per head; attended, fed_forward: of what is added to the
    hidden states, before it is added; None where there is no such norm."""

    first: Norm
    heads: tuple[Norm | None, ...]
    attended: tuple[Norm | None, ...]
    fed_forward: tuple[Norm | None, ...]
    after_attention: tuple[Norm, ...]
    after_feed_forward: tuple[Norm, ...]


def norms_of(weights: FusedWeights) -> Norms:
    """The norms of a model."""
    first, *others = (*(layer.norm_in for layer in weights.layers), weights.norm)
    heads = tuple(_heads_norm(layer, weights.shape) for layer in weights.layers)
    return Norms(
        first,
        heads,
        attended=tuple(layer.norm_attended for layer in weights.layers),
        fed_forward=tuple(layer.norm_fed_forward for layer in weights.layers),
        after_attention=tuple(layer.norm_mlp for layer in weights.layers),
        after_feed_forward=tuple(others),
    )


def _heads_norm(layer: FusedLayer, shape: ModelShape) -> Norm | None:
    query, key = layer.norm_query, layer.norm_key
    if query is None or key is None:
        return None
    by_head = [query.scaled.expand(shape.n_heads, -1), key.scaled.expand(shape.n_kv_heads, -1)]
    return query._replace(scaled=torch.cat(by_head))


class TorchElementwise:
    """An `Elementwise` of torch operations.

    Heads lie [n, heads, D]; for the products of attention, queries are grouped by the key that they share: [H_kv,
    groups n, D], which for one id is the same memory."""

    def __init__(self, n: int, weights: FusedWeights, buffers: OutputBuffers, norms: Norms) -> None:
        shape, embedding = weights.shape, weights.embedding
        n_rotated = shape.n_heads + shape.n_kv_heads
        self._n, self._shape, self._buffers, self._norms = n, shape, buffers, norms
        self.last = buffers.qkv.new_rows()
        self._to_last = self.last[:n]
        self._gate, self._up = buffers.gate_up.made.chunk(2, -1)
        self._lengths, self._head_lengths = embedding.new_empty(n, 1), embedding.new_empty(n, n_rotated, 1)
        heads = buffers.qkv.made.view(n, -1, shape.head_size)
        self._queries_keys, self._new_values = heads[:, :n_rotated], heads[:, n_rotated:]
        self._halves = self._queries_keys.view(n, n_rotated, 2, -1)
        self._from_first, self._from_second = self._halves.unbind(-2)
        self._rotated = embedding.new_empty(self._halves.shape)
        self._to_first, self._to_second = self._rotated.unbind(-2)
        rotated = self._rotated.flatten(-2)
        self._new_keys = rotated[:, shape.n_heads :]
        grouped = (n, shape.n_kv_heads, -1, shape.head_size)
        self._queries = rotated[:, : shape.n_heads].view(grouped).permute(1, 2, 0, 3)
        self._mixed = buffers.out.x.view(grouped).permute(1, 2, 0, 3)
        self._in_place = n == 1
        self._grouped_queries = self._queries if self._in_place else embedding.new_empty(self._queries.shape)
        self._grouped_mixed = self._mixed if self._in_place else embedding.new_empty(self._mixed.shape)
        self._attention_queries, self._attention_output = (
            self._grouped_queries.flatten(1, 2),
            self._grouped_mixed.flatten(1, 2),
        )
        self._cache: Buffers | None = None
        self._views: dict[tuple[int, int], _BlockViews] = {}

    def begin(self, hidden: Tensor, start: int, cache: Buffers, tree: Tree | None) -> None:
        """See `Elementwise`."""
        self._hidden = hidden
        at = slice(start, start + self._n) if tree is None else start - tree.n_cached + tree.new_depths
        tables = zip(cache.cos, cache.sin, strict=True)
        self._rotations = [_Rotations(cos[at], *sin[at].unbind(-2)) for cos, sin in tables]
        self._reads: dict[int | None, _Read | TreeSpan] = {
            window: self._read(start, window, cache) if tree is None else tree_span(tree, start, window, _CPU)
            for window in set(self._shape.windows)
        }
        self._cached = cache.keys, cache.values
        self._to_cache = [states[:, start : start + self._n].unbind(0) for states in self._cached]
        norm_into(self._buffers.qkv.x, hidden, self._norms.first, self._lengths)

    def attended(self, index: int) -> None:
        """See `Elementwise`."""
        self._rotate(self._norms.heads[index], self._rotations[self._shape.rope_of_layer[index]])
        to_keys, to_values = self._to_cache
        to_keys[index].copy_(self._new_keys)
        to_values[index].copy_(self._new_values)
        if not self._in_place:
            self._grouped_queries.copy_(self._queries)
        self._mix(index)
        if not self._in_place:
            self._mixed.copy_(self._grouped_mixed)

    def _mix(self, index: int) -> None:
        """Attention from the stacked queries to the stacked output."""
        read, scale = self._reads[self._shape.windows[index]], self._shape.attention_scale
        if isinstance(read, TreeSpan):
            keys, values = (states[index] for states in self._cached)
            self._attention_output.copy_(tree_attention.attended(self._attention_queries, keys, values, read, scale))
            return
        scores = torch.baddbmm(read.bias, self._attention_queries, read.keys[index], alpha=scale)
        torch.bmm(scores.softmax(-1), read.values[index], out=self._attention_output)

    def added_attention(self, index: int) -> None:
        """See `Elementwise`."""
        norms = self._norms.attended[index], self._norms.after_attention[index]
        self._add(self._buffers.out, *norms, self._buffers.gate_up.x)

    def gated(self) -> None:
        """See `Elementwise`."""
        torch.mul(activated(self._gate, self._shape), self._up, out=self._buffers.down.x)

    def added_feed_forward(self, index: int) -> None:
        """See `Elementwise`."""
        is_last = index + 1 == len(self._norms.heads)
        out = self._to_last if is_last else self._buffers.qkv.x
        self._add(self._buffers.down, self._norms.fed_forward[index], self._norms.after_feed_forward[index], out)

    def _add(self, buffer: OutputBuffer, norm_added: Norm | None, norm: Norm, out: Tensor) -> None:
        if norm_added is not None:
            norm_into(buffer.made, buffer.made, norm_added, self._lengths)
        self._hidden.add_(buffer.made, alpha=self._shape.residual_factor)
        norm_into(out, self._hidden, norm, self._lengths)

    def _rotate(self, norm: Norm | None, rotations: _Rotations) -> None:
        """Normalise and rotate queries and keys."""
        if norm is not None:
            norm_into(self._queries_keys, self._queries_keys, norm, self._head_lengths)
        torch.mul(self._halves, rotations.cos, out=self._rotated)
        self._to_first.addcmul_(self._from_second, rotations.sin_to_first)
        self._to_second.addcmul_(self._from_first, rotations.sin_to_second)

    def _read(self, start: int, window: int | None, cache: Buffers) -> _Read:
        """What a layer of this window attends to: whole blocks, masked, so that their views serve many steps."""
        n, capacity = self._n, cache.keys.shape[1]
        attended = span(n, start, window, _CPU)
        first = attended.first // _BLOCK * _BLOCK
        end = min(capacity, -(-(start + n) // _BLOCK) * _BLOCK)
        bias = cache.keys.new_full((n, end - first), -torch.inf)
        span_bias = bias[:, attended.first - first : start + n - first]
        if attended.mask is None:
            span_bias.zero_()
        else:
            span_bias.masked_fill_(attended.mask, 0.0)
        n_groups = self._shape.n_heads // self._shape.n_kv_heads
        return _Read(*self._block_views(cache, first, end), bias if n == 1 else bias.repeat(n_groups, 1))

    def _block_views(self, cache: Buffers, first: int, end: int) -> _BlockViews:
        """Views of the keys and values of every layer in these positions."""
        if cache is not self._cache:
            self._cache, self._views = cache, {}
        if (first, end) not in self._views:
            keys, values = cache.keys[:, first:end].permute(0, 2, 3, 1), cache.values[:, first:end].transpose(1, 2)
            self._views[first, end] = keys.unbind(0), values.unbind(0)
        return self._views[first, end]
