"""The fused forward of a few new ids in float32 on a CPU, in as few operations as it takes; knows no loop.

One id through a small model is some forty small operations a layer, and each costs a microsecond or more however little
it computes. Here each writes to a place made before, so that none allocates, copies to another layout or makes a view:
what is left are those that compute something."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from engine.fast import layers, products
from engine.fast.norms import Norm, norm_into
from engine.fast.products import Mould
from engine.fast.room import Buffers
from engine.fast.spans import Tree, span
from engine.fast.weights import FusedLayer, FusedWeights, Projection

_STRETCH = 64
_Stretch: TypeAlias = tuple[tuple[Tensor, ...], tuple[Tensor, ...]]


class _Layer(NamedTuple):
    """A layer's weights as its moulds take them. norm_heads: of its queries and keys together, if it has one."""

    norm_in: Norm
    qkv: Projection
    norm_heads: Norm | None
    out: Projection
    norm_mlp: Norm
    gate_up: Projection
    down: Projection


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


class _Places:
    """Where the operations over n rows of a layer write; each layer overwrites what the one before left.

    Heads lie [n, heads, D]; for the products of attention, queries stand by the key that they share: [H_kv, groups n,
    D], which for one id is the same memory."""

    def __init__(self, n: int, weights: FusedWeights, *, streamed: bool) -> None:
        shape, layer, like = weights.shape, weights.layers[0], weights.embedding
        n_turned = shape.n_heads + shape.n_kv_heads
        moulds = [Mould(n, by, streamed=streamed) for by in (layer.qkv, layer.out, layer.gate_up, layer.down)]
        self.qkv, self.out, self.gate_up, self.down = moulds
        self.gate, self.up = self.gate_up.made.chunk(2, -1)
        self.length, self.head_length = like.new_empty(n, 1), like.new_empty(n, n_turned, 1)
        self.last = like.new_zeros(max(n, 2) if streamed else n, like.shape[1])
        heads = self.qkv.made.view(n, -1, shape.head_size)
        self.unturned, self.values = heads[:, :n_turned], heads[:, n_turned:]
        self.halves = self.unturned.view(n, n_turned, 2, -1)
        self.from_first, self.from_second = self.halves.unbind(-2)
        self.turned = like.new_empty(self.halves.shape)
        self.to_first, self.to_second = self.turned.unbind(-2)
        turned = self.turned.flatten(-2)
        self.keys = turned[:, shape.n_heads :]
        grouped = (n, shape.n_kv_heads, -1, shape.head_size)
        self.queries = turned[:, : shape.n_heads].view(grouped).permute(1, 2, 0, 3)
        self.mixed = self.out.x.view(grouped).permute(1, 2, 0, 3)
        self.in_place = n == 1
        self.grouped_queries = self.queries if self.in_place else like.new_empty(self.queries.shape)
        self.grouped_mixed = self.mixed if self.in_place else like.new_empty(self.mixed.shape)
        self.asking, self.answered = self.grouped_queries.flatten(1, 2), self.grouped_mixed.flatten(1, 2)


class FewRows:
    """The forward of up to MOST_ROWS new ids through one model; whoever calls keeps the cache and its length."""

    def __init__(self, weights: FusedWeights) -> None:
        self._weights, self._shape = weights, weights.shape
        self._streamed = products.streams(weights)
        self._layers = [self._layer(layer) for layer in weights.layers]
        self._places: dict[int, _Places] = {}
        self._held: Buffers | None = None
        self._stretches: dict[tuple[int, int], _Stretch] = {}

    def hidden(
        self, ids: Tensor, start: int, held: Buffers, tree: Tree | None, tapped: Sequence[int]
    ) -> tuple[Tensor, list[Tensor]]:
        """Last hidden states, normalised, after ids [n] that follow `start` others, and the output of tapped layers.

        Keys and values are written to `held`. Returns [n, hidden], or [2, hidden] for one streamed id, the second row
        without meaning; the next call overwrites them."""
        n, shape = ids.shape[0], self._shape
        places = self._places_for(n)
        turns = _turns(held, slice(start, start + n) if tree is None else start + tree.depths)
        reads = {window: self._read(n, start, window, tree, held) for window in set(shape.windows)}
        new_keys, new_values = (states[:, start : start + n].unbind(0) for states in (held.keys, held.values))
        hidden = layers.embedded(ids, self._weights)
        taps = []
        for index, (layer, window) in enumerate(zip(self._layers, shape.windows, strict=True)):
            _project(hidden, layer, places, turns)
            new_keys[index].copy_(places.keys)
            new_values[index].copy_(places.values)
            _attend(reads[window], index, places, shape.attention_scale)
            places.out.multiply(layer.out)
            hidden.add_(places.out.made, alpha=shape.residual_factor)
            _feed_forward(hidden, layer, places)
            hidden.add_(places.down.made, alpha=shape.residual_factor)
            if index in tapped:
                taps.append(hidden.clone())
        norm_into(places.last[:n], hidden, self._weights.norm, places.length)
        return places.last, taps

    def _layer(self, layer: FusedLayer) -> _Layer:
        matrices = (layer.qkv, layer.out, layer.gate_up, layer.down)
        qkv, out, gate_up, down = (products.moulded(by, streamed=self._streamed) for by in matrices)
        return _Layer(layer.norm_in, qkv, self._norm_heads(layer), out, layer.norm_mlp, gate_up, down)

    def _norm_heads(self, layer: FusedLayer) -> Norm | None:
        if layer.norm_query is None or layer.norm_key is None:
            return None
        queries = layer.norm_query.scaled.expand(self._shape.n_heads, -1)
        keys = layer.norm_key.scaled.expand(self._shape.n_kv_heads, -1)
        return layer.norm_query._replace(scaled=torch.cat([queries, keys]))

    def _places_for(self, n: int) -> _Places:
        if n not in self._places:
            self._places[n] = _Places(n, self._weights, streamed=self._streamed)
        return self._places[n]

    def _read(self, n: int, start: int, window: int | None, tree: Tree | None, held: Buffers) -> _Read:
        """What a layer of this window attends to: whole stretches, masked, so that their views serve many steps."""
        seen, capacity = span(n, start, window, tree, held.keys.device), held.keys.shape[1]
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


def serves(weights: FusedWeights) -> bool:
    """Whether a few rows of this model are multiplied here."""
    embedding = weights.embedding
    return embedding.device.type == "cpu" and embedding.dtype == torch.float32 and not weights.quantised


def _turns(held: Buffers, at: slice | Tensor) -> _Turns:
    return _Turns(held.cos[at], *held.sin[at].unbind(-2))


def _project(hidden: Tensor, layer: _Layer, places: _Places, turns: _Turns) -> None:
    """Leave turned queries and keys, and values."""
    norm_into(places.qkv.x, hidden, layer.norm_in, places.length)
    places.qkv.multiply(layer.qkv)
    if layer.norm_heads is not None:
        norm_into(places.unturned, places.unturned, layer.norm_heads, places.head_length)
    torch.mul(places.halves, turns.cos, out=places.turned)
    places.to_first.addcmul_(places.from_second, turns.sin_to_first)
    places.to_second.addcmul_(places.from_first, turns.sin_to_second)


def _attend(read: _Read, index: int, places: _Places, scale: float) -> None:
    """Leave the values mixed by softmax(scale queries keys), as the projection after attention takes them."""
    if not places.in_place:
        places.grouped_queries.copy_(places.queries)
    scores = torch.baddbmm(read.bias, places.asking, read.keys[index], alpha=scale)
    torch.bmm(scores.softmax(-1), read.values[index], out=places.answered)
    if not places.in_place:
        places.mixed.copy_(places.grouped_mixed)


def _feed_forward(hidden: Tensor, layer: _Layer, places: _Places) -> None:
    """Leave the gated feed-forward of hidden."""
    norm_into(places.gate_up.x, hidden, layer.norm_mlp, places.length)
    places.gate_up.multiply(layer.gate_up)
    torch.mul(functional.silu(places.gate), places.up, out=places.down.x)
    places.down.multiply(layer.down)
