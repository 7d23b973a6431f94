"""What a layer computes between its matrix products, over a few rows in float32 on a CPU, by torch; knows no loop.

Each operation writes to a place made before, so that none allocates, copies to another layout or makes a view."""

from typing import NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from engine.fast.families import ModelShape
from engine.fast.kv_cache import Buffers
from engine.fast.matmul import OutputBuffer
from engine.fast.norms import Norm, norm_into
from engine.fast.spans import Tree, span
from engine.fast.weights import FusedLayer, FusedWeights

_STRETCH = 64
_Stretch: TypeAlias = tuple[tuple[Tensor, ...], tuple[Tensor, ...]]


class OutputBuffers(NamedTuple):
    """The products of n rows of a layer; each layer overwrites what the one before left."""

    qkv: OutputBuffer
    out: OutputBuffer
    gate_up: OutputBuffer
    down: OutputBuffer


class Elementwise(Protocol):
    """What the products of n rows take in and leave behind becomes what the next ones take in.

    index: of a layer."""

    @property
    def last(self) -> Tensor:
        """What is left after the last layer: [n, hidden], or more rows without meaning."""

    def begin(self, hidden: Tensor, start: int, held: Buffers, tree: Tree | None) -> None:
        """Begin with hidden states [n, hidden] of ids that follow `start` others, which are in `held`.

        Their norm is what `qkv` takes in."""

    def attended(self, index: int) -> None:
        """Attention, from what `qkv` made to what `out` takes in; keys and values join the cache."""

    def added_attention(self, index: int) -> None:
        """What `out` made joins the hidden states, whose norm is what `gate_up` takes in."""

    def gated(self) -> None:
        """The gate's share of the feed-forward, from what `gate_up` made to what `down` takes in."""

    def added_feed_forward(self, index: int) -> None:
        """What `down` made joins the hidden states, whose norm is what the next `qkv` takes in, or is left."""


class _Read(NamedTuple):
    """What the layers of one window attend to, one entry a layer: keys [H_kv, D, positions], values [H_kv, positions,
    D]; bias [groups n, positions] is minus infinity where an id does not look."""

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    bias: Tensor


class _Turns(NamedTuple):
    """Rotations of n positions. cos: [n, 1, 1, D / 2]; for each half of a head, the sine that the other comes with."""

    cos: Tensor
    sin_to_first: Tensor
    sin_to_second: Tensor


class Norms(NamedTuple):
    """The norms of a model, one entry a layer but for the first.

    heads: of queries and keys together, one row of weights a head, where there is one."""

    first: Norm
    heads: tuple[Norm | None, ...]
    after_attention: tuple[Norm, ...]
    after_feed_forward: tuple[Norm, ...]


def norms_of(weights: FusedWeights) -> Norms:
    """Those of this model."""
    first, *others = (*(layer.norm_in for layer in weights.layers), weights.norm)
    heads = tuple(_heads_norm(layer, weights.shape) for layer in weights.layers)
    return Norms(first, heads, tuple(layer.norm_mlp for layer in weights.layers), tuple(others))


def _heads_norm(layer: FusedLayer, shape: ModelShape) -> Norm | None:
    query, key = layer.norm_query, layer.norm_key
    if query is None or key is None:
        return None
    by_head = [query.scaled.expand(shape.n_heads, -1), key.scaled.expand(shape.n_kv_heads, -1)]
    return query._replace(scaled=torch.cat(by_head))


class TorchElementwise:
    """A `Elementwise` of torch operations.

    Heads lie [n, heads, D]; for the products of attention, queries stand by the key that they share: [H_kv, groups n,
    D], which for one id is the same memory."""

    def __init__(self, n: int, weights: FusedWeights, buffers: OutputBuffers, norms: Norms) -> None:
        shape, like = weights.shape, weights.embedding
        n_turned = shape.n_heads + shape.n_kv_heads
        self._n, self._shape, self._buffers, self._norms = n, shape, buffers, norms
        self.last = buffers.qkv.new_rows()
        self._to_last = self.last[:n]
        self._gate, self._up = buffers.gate_up.made.chunk(2, -1)
        self._length, self._head_length = like.new_empty(n, 1), like.new_empty(n, n_turned, 1)
        heads = buffers.qkv.made.view(n, -1, shape.head_size)
        self._unturned, self._new_values = heads[:, :n_turned], heads[:, n_turned:]
        self._halves = self._unturned.view(n, n_turned, 2, -1)
        self._from_first, self._from_second = self._halves.unbind(-2)
        self._turned = like.new_empty(self._halves.shape)
        self._to_first, self._to_second = self._turned.unbind(-2)
        turned = self._turned.flatten(-2)
        self._new_keys = turned[:, shape.n_heads :]
        grouped = (n, shape.n_kv_heads, -1, shape.head_size)
        self._queries = turned[:, : shape.n_heads].view(grouped).permute(1, 2, 0, 3)
        self._mixed = buffers.out.x.view(grouped).permute(1, 2, 0, 3)
        self._in_place = n == 1
        self._grouped_queries = self._queries if self._in_place else like.new_empty(self._queries.shape)
        self._grouped_mixed = self._mixed if self._in_place else like.new_empty(self._mixed.shape)
        self._asking, self._answered = self._grouped_queries.flatten(1, 2), self._grouped_mixed.flatten(1, 2)
        self._held: Buffers | None = None
        self._stretches: dict[tuple[int, int], _Stretch] = {}

    def begin(self, hidden: Tensor, start: int, held: Buffers, tree: Tree | None) -> None:
        """As the protocol says."""
        self._hidden = hidden
        at = slice(start, start + self._n) if tree is None else start + tree.depths
        self._turns = _Turns(held.cos[at], *held.sin[at].unbind(-2))
        self._reads = {window: self._read(start, window, tree, held) for window in set(self._shape.windows)}
        self._to_cache = [states[:, start : start + self._n].unbind(0) for states in (held.keys, held.values)]
        norm_into(self._buffers.qkv.x, hidden, self._norms.first, self._length)

    def attended(self, index: int) -> None:
        """As the protocol says."""
        self._turn(self._norms.heads[index])
        to_keys, to_values = self._to_cache
        to_keys[index].copy_(self._new_keys)
        to_values[index].copy_(self._new_values)
        if not self._in_place:
            self._grouped_queries.copy_(self._queries)
        read = self._reads[self._shape.windows[index]]
        scores = torch.baddbmm(read.bias, self._asking, read.keys[index], alpha=self._shape.attention_scale)
        torch.bmm(scores.softmax(-1), read.values[index], out=self._answered)
        if not self._in_place:
            self._mixed.copy_(self._grouped_mixed)

    def added_attention(self, index: int) -> None:
        """As the protocol says."""
        self._add(self._buffers.out, self._norms.after_attention[index], self._buffers.gate_up.x)

    def gated(self) -> None:
        """As the protocol says."""
        torch.mul(functional.silu(self._gate), self._up, out=self._buffers.down.x)

    def added_feed_forward(self, index: int) -> None:
        """As the protocol says."""
        is_last = index + 1 == len(self._norms.heads)
        to = self._to_last if is_last else self._buffers.qkv.x
        self._add(self._buffers.down, self._norms.after_feed_forward[index], to)

    def _add(self, made: OutputBuffer, norm: Norm, to: Tensor) -> None:
        self._hidden.add_(made.made, alpha=self._shape.residual_factor)
        norm_into(to, self._hidden, norm, self._length)

    def _turn(self, norm: Norm | None) -> None:
        """Leave queries and keys normalised and turned."""
        if norm is not None:
            norm_into(self._unturned, self._unturned, norm, self._head_length)
        torch.mul(self._halves, self._turns.cos, out=self._turned)
        self._to_first.addcmul_(self._from_second, self._turns.sin_to_first)
        self._to_second.addcmul_(self._from_first, self._turns.sin_to_second)

    def _read(self, start: int, window: int | None, tree: Tree | None, held: Buffers) -> _Read:
        """What a layer of this window attends to: whole stretches, masked, so that their views serve many steps."""
        n, capacity = self._n, held.keys.shape[1]
        seen = span(n, start, window, tree, held.keys.device)
        first = seen.first // _STRETCH * _STRETCH
        end = min(capacity, -(-(start + n) // _STRETCH) * _STRETCH)
        bias = held.keys.new_full((n, end - first), -torch.inf)
        within = bias[:, seen.first - first : start + n - first]
        if seen.mask is None:
            within.zero_()
        else:
            within.masked_fill_(seen.mask, 0.0)
        n_groups = self._shape.n_heads // self._shape.n_kv_heads
        return _Read(*self._stretch(held, first, end), bias if n == 1 else bias.repeat(n_groups, 1))

    def _stretch(self, held: Buffers, first: int, end: int) -> _Stretch:
        """Keys and values of every layer in these positions."""
        if held is not self._held:
            self._held, self._stretches = held, {}
        if (first, end) not in self._stretches:
            keys, values = held.keys[:, first:end].permute(0, 2, 3, 1), held.values[:, first:end].transpose(1, 2)
            self._stretches[first, end] = keys.unbind(0), values.unbind(0)
        return self._stretches[first, end]
