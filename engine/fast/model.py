"""One sequence through fused weights: a Llama-like forward without modules; knows nothing of who calls it.

A small model's forward through modules spends much of its time outside its matrix products; the same operations,
fewer of them and called directly, spend less."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.drafting import LastKv
from engine.fast import layers, matmul
from engine.fast.few_rows import FewRows, serves
from engine.fast.kv_cache import Buffers, KvCache
from engine.fast.layers import Product, Turns
from engine.fast.norms import normed
from engine.fast.spans import Tree, span
from engine.fast.weights import FusedLayer, FusedWeights


class _States(NamedTuple):
    """Keys and values of one layer: where the new ones go [n, H_kv, D], all it attends to [1, H_kv, positions, D]."""

    new_keys: Tensor
    new_values: Tensor
    keys: Tensor
    values: Tensor
    mask: Tensor | None


class FusedModel:
    """One sequence through one model; `length` ids are in the cache.

    hidden_layers: layers, in ascending order, whose output of the latest forward over n ids is left in `hidden`,
    [layers, n, hidden]."""

    def __init__(self, weights: FusedWeights, *, context: int, hidden_layers: Sequence[int] = ()) -> None:
        self.device: torch.device = weights.embedding.device
        self.n_vocabulary = int(weights.embedding.shape[0])
        self.hidden: Tensor | None = None
        self._weights, self._shape = weights, weights.shape
        self._context, self._hidden_layers = context, tuple(hidden_layers)
        self._few = FewRows(weights) if serves(weights) else None
        self._product: Product = matmul.streamed_product if matmul.streams(weights) else matmul.product
        self.reset()

    @property
    def weights(self) -> FusedWeights:
        """What it computes with."""
        return self._weights

    def reset(self) -> None:
        """Forget every id."""
        if self._few is not None:
            self._few.forget()
        self._cache = KvCache(self._shape, self._weights.embedding, context=self._context)
        self.length = 0

    def forward(self, ids: Tensor, *, tree: Tree | None = None) -> Tensor:
        """Logits after each of the new ids, which join the cache.

        ids: [n] int64 on `device`, n >= 1, a chain unless a tree is given. Returns [n, V] in the model's dtype."""
        return layers.logits(self._hidden(ids, tree), self._weights, self._product)[: ids.shape[0]]

    def prefill(self, ids: Tensor) -> None:
        """Put ids into the cache without computing logits. ids: [n] int64 on `device`."""
        self._hidden(ids, None, only_states=True)

    def rollback(self, n: int) -> None:
        """Take the last n ids out of the cache: a counter moves, nothing is copied."""
        self.length -= n

    def keep(self, chosen: Tensor, n: int) -> None:
        """Of the last n ids, a tree, keep only those at `chosen` [k] int64, in that order."""
        start = self.length - n
        self._cache.move(chosen + start, start)
        self.length = start + chosen.shape[0]

    def last_kv(self) -> LastKv:
        """Keys and values of the last layer."""
        held = self._cache.at_least(self.length, n_kept=self.length)
        return LastKv(held.keys[-1, : self.length], held.values[-1, : self.length], self.length)

    def bytes(self) -> int:
        """Memory the cache holds now."""
        return self._cache.bytes()

    def _hidden(self, ids: Tensor, tree: Tree | None, *, only_states: bool = False) -> Tensor:
        """Last hidden states, normalised; a streamed forward has a second row, without meaning, for one id.

        only_states: nobody reads them, so that the last layer need only write keys and values."""
        n, held = ids.shape[0], self._cache.at_least(self.length + ids.shape[0], n_kept=self.length)
        if self._few is not None and n <= matmul.MOST_ROWS:
            hidden, kept = self._few.hidden(ids, self.length, held, tree, self._hidden_layers)
        else:
            hidden, kept = self._many(ids, held, tree, only_states=only_states)
        self.hidden = torch.stack(kept)[:, :n] if kept else None
        self.length += n
        return hidden

    def _many(self, ids: Tensor, held: Buffers, tree: Tree | None, *, only_states: bool) -> tuple[Tensor, list[Tensor]]:
        """Last hidden states [n, hidden], normalised, and the output of `hidden_layers`."""
        turns, each = self._prepared(ids.shape[0], held, tree)
        hidden = layers.embedded(ids, self._weights)
        kept = []
        last = len(each) - 1
        for index, (layer, states) in enumerate(zip(self._weights.layers, each, strict=True)):
            queries = self._written(hidden, layer, states, turns)
            if only_states and index == last and index not in self._hidden_layers:
                break
            hidden = self._attend(hidden, queries, layer, states)
            hidden = layers.add_fed_forward(hidden, layer, self._shape, self._product)
            if index in self._hidden_layers:
                kept.append(hidden.clone())
        return normed(hidden, self._weights.norm), kept

    def _prepared(self, n: int, held: Buffers, tree: Tree | None) -> tuple[Turns, list[_States]]:
        """Rotations of n new ids, and what each layer reads and writes."""
        start, end = self.length, self.length + n
        at = slice(start, end) if tree is None else start + tree.depths
        turns = Turns(held.cos[at], held.sin[at])
        spans = {window: span(n, start, window, tree, self.device) for window in set(self._shape.windows)}
        read = {
            window: (_by_head(held.keys[:, seen.first : end]), _by_head(held.values[:, seen.first : end]), seen.mask)
            for window, seen in spans.items()
        }
        written = zip(held.keys[:, start:end].unbind(0), held.values[:, start:end].unbind(0), strict=True)
        each = []
        for index, (new, window) in enumerate(zip(written, self._shape.windows, strict=True)):
            keys, values, mask = read[window]
            each.append(_States(*new, keys[index], values[index], mask))
        return turns, each

    def _written(self, hidden: Tensor, layer: FusedLayer, states: _States, turns: Turns) -> Tensor:
        """Queries [n, H, D] of one layer; its keys and values are written in place."""
        new = layers.projected(hidden, layer, self._shape, turns, self._product)
        states.new_keys.copy_(new.keys)
        states.new_values.copy_(new.values)
        return new.queries

    def _attend(self, hidden: Tensor, queries: Tensor, layer: FusedLayer, states: _States) -> Tensor:
        """Add the attention of one layer to hidden."""
        shape = self._shape
        queries = queries.transpose(0, 1).unsqueeze(0)
        mixed = layers.attention(queries, states.keys, states.values, states.mask, shape.attention_scale)
        rows = mixed.transpose(1, 2).reshape(hidden.shape[0], -1)
        return layers.add_attended(hidden, rows, layer, shape, self._product)


def _by_head(states: Tensor) -> tuple[Tensor, ...]:
    """[layers, positions, H_kv, D] -> one [1, H_kv, positions, D] a layer."""
    return states.transpose(1, 2).unsqueeze(1).unbind(0)
