"""One sequence through fused weights: a Llama-like forward without modules; knows nothing of who calls it.

A small model's forward through modules spends much of its time outside its matrix products; the same operations,
fewer of them and called directly, spend less."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.fast import products
from engine.fast.norms import normed
from engine.fast.room import Room
from engine.fast.weights import FusedLayer, FusedWeights


class Tree(NamedTuple):
    """New ids that are no chain: depths [n] int64, 0 for an id that follows the cache; seen [n, n] bool, row i: which
    of the new ids the i-th attends to, itself included."""

    depths: Tensor
    seen: Tensor


class _Span(NamedTuple):
    """What a layer attends to: positions from `first` on, through `mask` [n, positions]; None masks nothing."""

    first: int
    mask: Tensor | None


class _States(NamedTuple):
    """Keys and values of one layer: where the new ones go [n, H_kv, D], all it attends to [1, H_kv, positions, D]."""

    new_keys: Tensor
    new_values: Tensor
    keys: Tensor
    values: Tensor
    mask: Tensor | None


class FusedModel:
    """One sequence through one model; `length` ids are in the cache.

    tapped: layers whose output of the latest forward is kept in `tap` [len(tapped), n, hidden]."""

    def __init__(self, weights: FusedWeights, *, context: int, tapped: Sequence[int] = ()) -> None:
        self.device: torch.device = weights.embedding.device
        self.n_vocabulary = int(weights.embedding.shape[0])
        self.tap: Tensor | None = None
        self._weights, self._shape = weights, weights.shape
        self._context, self._tapped = context, tuple(tapped)
        self._streams = products.streams(weights)
        self._product = products.streamed_product if self._streams else products.product
        self.reset()

    def reset(self) -> None:
        """Forget every id."""
        self._room = Room(self._shape, self._weights.embedding, context=self._context)
        self.length = 0

    def forward(self, ids: Tensor, *, tree: Tree | None = None) -> Tensor:
        """Logits after each of the new ids, which join the cache.

        ids: [n] int64 on `device`, n >= 1, a chain unless a tree is given. Returns [n, V] in the model's dtype."""
        logits = self._product(self._hidden(ids, tree), self._weights.head)[: ids.shape[0]]
        return logits if self._shape.logits_divisor == 1.0 else logits / self._shape.logits_divisor

    def prefill(self, ids: Tensor) -> None:
        """Put ids into the cache without computing logits. ids: [n] int64 on `device`."""
        self._hidden(ids, None)

    def rollback(self, n: int) -> None:
        """Take the last n ids out of the cache: a counter moves, nothing is copied."""
        self.length -= n

    def keep(self, chosen: Tensor, n: int) -> None:
        """Of the last n ids, a tree, keep only those at `chosen` [k] int64, in that order."""
        start = self.length - n
        self._room.move(chosen + start, start)
        self.length = start + chosen.shape[0]

    def last_states(self) -> tuple[Tensor, Tensor]:
        """Keys and values [length, H_kv, D] of the last layer, as views that the next forward may outdate."""
        held = self._room.at_least(self.length, n_kept=self.length)
        return held.keys[-1, : self.length], held.values[-1, : self.length]

    def bytes(self) -> int:
        """Memory the cache holds now."""
        return self._room.bytes()

    def _hidden(self, ids: Tensor, tree: Tree | None) -> Tensor:
        """Last hidden states, normalised; a streamed forward has two equal rows for one id."""
        n = ids.shape[0]
        cos, sin, layers = self._prepared(n, tree)
        hidden = functional.embedding(ids.clamp_max(self.n_vocabulary - 1), self._weights.embedding)
        if self._shape.embedding_factor != 1.0:
            hidden = hidden * self._shape.embedding_factor
        if self._streams and n == 1:
            hidden = hidden.repeat(2, 1)
        tapped = []
        for index, (layer, states) in enumerate(zip(self._weights.layers, layers, strict=True)):
            hidden = self._attend(hidden, layer, states, cos, sin)
            hidden = self._feed_forward(hidden, layer)
            if index in self._tapped:
                tapped.append(hidden[:n].clone())
        self.tap = torch.stack(tapped) if tapped else None
        self.length += n
        return normed(hidden, self._weights.norm)

    def _prepared(self, n: int, tree: Tree | None) -> tuple[Tensor, Tensor, list[_States]]:
        """Cosines and sines of n new ids, as `_rotate` takes them, and what each layer reads and writes."""
        start, end = self.length, self.length + n
        held = self._room.at_least(end, n_kept=start)
        turns = held.cos[start:end], held.sin[start:end]
        if tree is not None:
            turns = held.cos[start + tree.depths], held.sin[start + tree.depths]
        spans = {window: self._span(n, window, tree) for window in set(self._shape.windows)}
        read = {
            window: (_by_head(held.keys[:, span.first : end]), _by_head(held.values[:, span.first : end]), span.mask)
            for window, span in spans.items()
        }
        written = zip(held.keys[:, start:end].unbind(0), held.values[:, start:end].unbind(0), strict=True)
        layers = []
        for index, (new, window) in enumerate(zip(written, self._shape.windows, strict=True)):
            keys, values, mask = read[window]
            layers.append(_States(*new, keys[index], values[index], mask))
        return *turns, layers

    def _span(self, n: int, window: int | None, tree: Tree | None) -> _Span:
        """What n new ids attend to in a layer that looks back on `window` positions."""
        start = self.length
        first = 0 if window is None else max(0, start - window + 1)
        if n == 1:
            return _Span(first, None)
        if tree is not None:
            return _Span(first, _tree_mask(tree, start, first, window))
        mask = torch.ones(n, start + n - first, dtype=torch.bool, device=self.device).tril(start - first)
        return _Span(first, mask if window is None else mask.triu(start - first - window + 1))

    def _attend(self, hidden: Tensor, layer: FusedLayer, states: _States, cos: Tensor, sin: Tensor) -> Tensor:
        """Add the attention of one layer to hidden; its keys and values are written in place."""
        n, n_rows, n_heads = cos.shape[0], hidden.shape[0], self._shape.n_heads
        n_turned = n_heads + self._shape.n_kv_heads
        projected = self._product(normed(hidden, layer.norm_in), layer.qkv).contiguous()
        heads = projected.view(n_rows, -1, self._shape.head_size)
        turned = _rotate(self._heads_normed(heads[:, :n_turned], layer), cos, sin)
        states.new_keys.copy_(turned[:n, n_heads:])
        states.new_values.copy_(heads[:n, n_turned:])
        mixed = functional.scaled_dot_product_attention(
            turned[:, :n_heads].transpose(0, 1).unsqueeze(0),
            states.keys,
            states.values,
            attn_mask=states.mask,
            scale=self._shape.attention_scale,
            enable_gqa=n_heads != self._shape.n_kv_heads,
        )
        rows = mixed.transpose(1, 2).reshape(n_rows, -1)
        return hidden.add_(self._product(rows, layer.out), alpha=self._shape.residual_factor)

    def _heads_normed(self, heads: Tensor, layer: FusedLayer) -> Tensor:
        """Queries and keys [n, H + H_kv, D], normalised where the model does so."""
        if layer.norm_query is None or layer.norm_key is None:
            return heads
        n_heads = self._shape.n_heads
        query, key = heads[:, :n_heads], heads[:, n_heads:]
        return torch.cat([normed(query, layer.norm_query), normed(key, layer.norm_key)], 1)

    def _feed_forward(self, hidden: Tensor, layer: FusedLayer) -> Tensor:
        """Add the gated feed-forward of one layer to hidden."""
        both = self._product(normed(hidden, layer.norm_mlp), layer.gate_up)
        n_gates = both.shape[-1] // 2
        gated = functional.silu(both[:, :n_gates]).mul_(both[:, n_gates:])
        return hidden.add_(self._product(gated, layer.down), alpha=self._shape.residual_factor)


def _by_head(states: Tensor) -> tuple[Tensor, ...]:
    """[layers, positions, H_kv, D] -> one [1, H_kv, positions, D] a layer."""
    return states.transpose(1, 2).unsqueeze(1).unbind(0)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of [n, H, D]; cos [n, 1, 1, D / 2], sin [n, 1, 2, D / 2], the sine with the sign of its half."""
    halves = x.view(*x.shape[:-1], 2, -1)
    return torch.addcmul(halves * cos, halves.flip(-2), sin).flatten(-2)


def _tree_mask(tree: Tree, start: int, first: int, window: int | None) -> Tensor:
    """Which of the positions from `first` on each id of a tree attends to: [n, start - first + n]."""
    n, device = tree.depths.shape[0], tree.depths.device
    before = torch.ones(n, start - first, dtype=torch.bool, device=device)
    mask = torch.cat([before, tree.seen], -1)
    if window is None:
        return mask
    at = torch.cat([torch.arange(first, start, device=device), start + tree.depths])
    return mask & (at[None] > start + tree.depths[:, None] - window)
