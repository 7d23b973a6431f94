"""Runs one sequence through fused weights: a Llama-like forward without modules.

A small model's forward through modules spends much of its time outside its matrix products; the same operations,
fewer of them and called directly, spend less."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.drafting import FirstLayers, LastKv
from engine.decoding.token_tree import Tree
from engine.fast import layers, matmul, tree_attention
from engine.fast.attention_kernels import Attend, usual
from engine.fast.few_rows import FewRows, serves
from engine.fast.kv_cache import Buffers, FirstLayersCache, KvCache
from engine.fast.layers import Product, Rotations
from engine.fast.norms import normed
from engine.fast.spans import span
from engine.fast.weights import FusedLayer, FusedWeights, first_layers


class _States(NamedTuple):
    """One layer of a forward: views for new keys and values [n, H_kv, D]; mix: queries [n, H, D] -> the values mixed
    for each, [n, H, D]; turns: how it rotates the new ids."""

    new_keys: Tensor
    new_values: Tensor
    mix: Callable[[Tensor], Tensor]
    turns: Rotations


class FusedModel:
    """One sequence through one model; `length` ids are in the cache.

    hidden_layers: layers, in ascending order, whose output of the latest forward over n ids is left in `hidden`,
    [layers, n, hidden]."""

    def __init__(
        self,
        weights: FusedWeights,
        *,
        context: int,
        hidden_layers: Sequence[int] = (),
        shared: FirstLayersCache | None = None,
        attend: Attend = usual,
    ) -> None:
        """shared: the cache to use, of a longer model; `reset` then forgets nothing of it. attend: the attention of a
        prompt, in layers without a window that ends within it."""
        self.device: torch.device = weights.embedding.device
        self.n_vocabulary = int(weights.embedding.shape[0])
        self.hidden: Tensor | None = None
        self._weights, self._shape = weights, weights.shape
        self._context, self._hidden_layers, self._shared = context, tuple(hidden_layers), shared
        self._expected: int | None = None
        self._attend_prompt = attend
        self._few_rows = FewRows(weights) if serves(weights) else None
        self._product: Product = matmul.streamed_product if matmul.streams(weights) else matmul.product
        self.reset()

    @property
    def weights(self) -> FusedWeights:
        """The weights of the model."""
        return self._weights

    def reset(self) -> None:
        """Forget every id."""
        if self._few_rows is not None:
            self._few_rows.forget()
        own = self._shared or KvCache(
            self._shape, self._weights.embedding, context=self._context, expected=self._expected
        )
        self._cache: KvCache | FirstLayersCache = own
        self.length = 0

    def expect(self, n: int) -> None:
        """Expect at most n ids from the next reset on, and allocate for no more as long as that holds."""
        self._expected = n

    def forward(self, ids: Tensor, *, tree: Tree | None = None) -> Tensor:
        """Logits after each of the new ids, which join the cache.

        ids: [n] int64 on `device`, n >= 1, a chain unless a tree is given. Returns [n, V] in the model's dtype."""
        return layers.logits(self._hidden(ids, tree), self._weights, self._product)[: ids.shape[0]]

    def prefill(self, ids: Tensor) -> None:
        """Add ids to the cache without computing logits. ids: [n] int64 on `device`."""
        self._hidden(ids, None, only_states=True)

    def rollback(self, n: int) -> None:
        """Remove the last n ids from the cache: a counter moves, nothing is copied."""
        self.length -= n

    def keep(self, chosen: Tensor, n: int) -> None:
        """Of the last n ids, a tree, keep only those at `chosen` [k] int64, in that order."""
        start = self.length - n
        self._cache.move(chosen + start, start)
        self.length = start + chosen.shape[0]

    def last_kv(self) -> LastKv:
        """Keys and values of the last layer."""
        buffers = self._cache.at_least(self.length, n_kept=self.length)
        return LastKv(buffers.keys[-1, : self.length], buffers.values[-1, : self.length], self.length)

    def first_layers(self, n: int) -> FirstLayers:
        """The first n layers, the last norm and the head over this very cache, until the next reset."""
        assert isinstance(self._cache, KvCache)
        first = FusedModel(
            first_layers(self._weights, n), context=self._context, shared=FirstLayersCache(self._cache, n)
        )
        first.length = self.length
        return first

    def bytes(self) -> int:
        """Memory the cache holds now."""
        return self._cache.bytes()

    def _hidden(self, ids: Tensor, tree: Tree | None, *, only_states: bool = False) -> Tensor:
        """Last hidden states, normalised; for a single id, a streamed forward adds a second, meaningless row.

        only_states: they are not used, so the last layer need only write keys and values."""
        n, buffers = ids.shape[0], self._cache.at_least(self.length + ids.shape[0], n_kept=self.length)
        if self._few_rows is not None and n <= matmul.MOST_ROWS:
            hidden, layer_outputs = self._few_rows.hidden(ids, self.length, buffers, tree, self._hidden_layers)
        else:
            hidden, layer_outputs = self._forward_many(ids, buffers, tree, only_states=only_states)
        self.hidden = torch.stack(layer_outputs)[:, :n] if layer_outputs else None
        self.length += n
        return hidden

    def _forward_many(
        self, ids: Tensor, buffers: Buffers, tree: Tree | None, *, only_states: bool
    ) -> tuple[Tensor, list[Tensor]]:
        """Last hidden states [n, hidden], normalised, and the output of `hidden_layers`."""
        layer_states = self._layer_states(ids.shape[0], buffers, tree)
        hidden = layers.embedded(ids, self._weights)
        layer_outputs = []
        last = len(layer_states) - 1
        for index, (layer, states) in enumerate(zip(self._weights.layers, layer_states, strict=True)):
            queries = self._write_kv(hidden, layer, states)
            if only_states and index == last and index not in self._hidden_layers:
                break
            hidden = self._attend(hidden, queries, layer, states)
            hidden = layers.add_fed_forward(hidden, layer, self._shape, self._product)
            if index in self._hidden_layers:
                layer_outputs.append(hidden.clone())
        return normed(hidden, self._weights.norm), layer_outputs

    def _layer_states(self, n: int, buffers: Buffers, tree: Tree | None) -> list[_States]:
        """The keys and values that each layer reads and writes for n new ids."""
        start, end = self.length, self.length + n
        at = slice(start, end) if tree is None else start - tree.n_cached + tree.new_depths
        turns = [Rotations(cos[at], sin[at]) for cos, sin in zip(buffers.cos, buffers.sin, strict=True)]
        new_kv = zip(buffers.keys[:, start:end].unbind(0), buffers.values[:, start:end].unbind(0), strict=True)
        mixes = self._chain_mixes(n, buffers) if tree is None else self._tree_mixes(buffers, tree)
        return [
            _States(*new_views, mix, turns[rope])
            for new_views, mix, rope in zip(new_kv, mixes, self._shape.rope_of_layer, strict=True)
        ]

    def _chain_mixes(self, n: int, buffers: Buffers) -> Iterator[Callable[[Tensor], Tensor]]:
        """The attention of each layer for n new ids in a row."""
        start, end = self.length, self.length + n
        spans = {window: span(n, start, window, self.device) for window in set(self._shape.windows)}
        views = {
            window: (_by_head(buffers.keys[:, read.first : end]), _by_head(buffers.values[:, read.first : end]))
            for window, read in spans.items()
        }
        for index, window in enumerate(self._shape.windows):
            keys, values = views[window]
            yield partial(self._mixed, keys[index], values[index], spans[window].mask)

    def _tree_mixes(self, buffers: Buffers, tree: Tree) -> Iterator[Callable[[Tensor], Tensor]]:
        """The attention of each layer for the new ids of a tree."""
        spans = {
            window: tree_attention.tree_span(tree, self.length, window, self.device)
            for window in set(self._shape.windows)
        }
        for index, window in enumerate(self._shape.windows):
            keys, values = buffers.keys[index], buffers.values[index]
            yield partial(tree_attention.mixed, keys, values, spans[window], scale=self._shape.attention_scale)

    def _mixed(self, keys: Tensor, values: Tensor, mask: Tensor | None, queries: Tensor) -> Tensor:
        by_head, scale = queries.transpose(0, 1).unsqueeze(0), self._shape.attention_scale
        if mask is None and queries.shape[0] > 1:
            mixed = self._attend_prompt(by_head, keys, values, scale)
        else:
            mixed = layers.attention(by_head, keys, values, mask, scale)
        return mixed[0].transpose(0, 1)

    def _write_kv(self, hidden: Tensor, layer: FusedLayer, states: _States) -> Tensor:
        """Write the keys and values of one layer in place; returns its queries [n, H, D]."""
        new = layers.projected(hidden, layer, self._shape, states.turns, self._product)
        states.new_keys.copy_(new.keys)
        states.new_values.copy_(new.values)
        return new.queries

    def _attend(self, hidden: Tensor, queries: Tensor, layer: FusedLayer, states: _States) -> Tensor:
        """Add the attention of one layer to hidden."""
        rows = states.mix(queries).reshape(hidden.shape[0], -1)
        return layers.add_attended(hidden, rows, layer, self._shape, self._product)


def _by_head(states: Tensor) -> tuple[Tensor, ...]:
    """[layers, positions, H_kv, D] -> one [1, H_kv, positions, D] a layer."""
    return states.transpose(1, 2).unsqueeze(1).unbind(0)
