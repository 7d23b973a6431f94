"""Several sequences through one model, each at its own length; knows neither drafts nor who decides the lengths.

Every shape follows from the arguments' shapes and `span`, the lengths stay on the device and nothing is read back, so
that a forward can be captured in a CUDA graph as it is."""

from typing import NamedTuple

import torch
from torch import Tensor

from engine.fast import layers, products
from engine.fast.layers import Product, Turns
from engine.fast.norms import normed
from engine.fast.room import rope_tables
from engine.fast.weights import FusedLayer, FusedWeights


class _Places(NamedTuple):
    """Where the n new ids of B rows go and what they attend to.

    slots: [B n] int64 into the B capacity positions of a layer; turns: of the B n positions. masks: by window, what is
    added to the scores, [B, 1, groups n, span]: the heads that share a key stand one after the other."""

    slots: Tensor
    turns: Turns
    masks: dict[int | None, Tensor]


class RowsModel:
    """B sequences through one model: fixed shapes, lengths on the device, nothing read back.

    The cache holds what was written: whoever calls knows how much of each row counts, and takes ids back by naming
    smaller `starts` next time. What lies past a row's end is overwritten before it is ever attended to."""

    def __init__(self, weights: FusedWeights, *, n_rows: int, capacity: int) -> None:
        self.device: torch.device = weights.embedding.device
        self.n_vocabulary = int(weights.embedding.shape[0])
        self.n_rows, self.capacity = n_rows, capacity
        self._weights, self._shape = weights, weights.shape
        self._streams = products.streams(weights)
        self._product: Product = products.streamed_product if self._streams else products.product
        places = (len(self._shape.windows), n_rows * capacity, self._shape.n_kv_heads, self._shape.head_size)
        # Zeros, since a position not written yet is masked, not skipped, and no mask hides what is not a number.
        self._keys, self._values = weights.embedding.new_zeros(places), weights.embedding.new_zeros(places)
        self._cos, self._sin = rope_tables(self._shape, weights.embedding, capacity)
        self._row_starts = torch.arange(n_rows, device=self.device) * capacity

    def forward(self, ids: Tensor, starts: Tensor, *, span: int, at: Tensor | None = None) -> Tensor:
        """Logits after the new ids of every row, which are written to the cache.

        ids: [B, n] int64; starts: [B] int64, how many ids of each row come before. span: how many positions are looked
        at, max(starts) + n <= span <= capacity. at: [B] int64, the one column of each row whose logits are wanted.
        All on `device`. Returns [B, n, V], or [B, V] where `at` is given, in the model's dtype. Ids past a row's own
        end may be anything."""
        hidden = self._hidden(ids, starts, span)
        if at is None:
            return self._logits(hidden).view(*ids.shape, -1)
        first = torch.arange(ids.shape[0], device=self.device) * ids.shape[1]
        return self._logits(hidden.index_select(0, first + at))

    def prefill(self, ids: Tensor, starts: Tensor, *, span: int) -> None:
        """Write ids to the cache without computing logits; arguments as in `forward`."""
        self._hidden(ids, starts, span, only_states=True)

    def kept(self, rows: Tensor) -> "RowsModel":
        """A model of these rows alone, rows [k] int64 on `device`, with what their caches hold."""
        made = RowsModel(self._weights, n_rows=0, capacity=self.capacity)  # no caches of its own, only to be replaced
        made.n_rows = rows.shape[0]
        made._row_starts = torch.arange(made.n_rows, device=self.device) * self.capacity
        slots = (
            self._row_starts.index_select(0, rows)[:, None] + torch.arange(self.capacity, device=self.device)
        ).view(-1)
        made._keys, made._values = self._keys.index_select(1, slots), self._values.index_select(1, slots)
        return made

    def wipe(self) -> None:
        """Leave zeros in every position, where they lie."""
        self._keys.zero_()
        self._values.zero_()

    def bytes(self) -> int:
        """Memory of the cache."""
        return self._keys.nbytes + self._values.nbytes

    def _logits(self, hidden: Tensor) -> Tensor:
        n = hidden.shape[0]
        rows = hidden.repeat(2, 1) if self._streams and n == 1 else hidden
        return layers.logits(rows, self._weights, self._product)[:n]

    def _hidden(self, ids: Tensor, starts: Tensor, span: int, *, only_states: bool = False) -> Tensor:
        """Last hidden states [B n, hidden], normalised; only_states: nobody reads them, so that the last layer need
        only write keys and values."""
        n_rows, n = ids.numel(), ids.shape[1]
        positions = starts[:, None] + torch.arange(n, device=self.device)
        if self._streams and n_rows == 1:  # a streamed product has two rows or more: the one id twice in its place
            ids, positions = ids.expand(1, 2), positions.expand(1, 2)
        places = self._places(positions, span)
        hidden = layers.embedded(ids.reshape(-1), self._weights)
        for index, layer in enumerate(self._weights.layers):
            queries = self._written(hidden, layer, index, places)
            if only_states and index == len(self._weights.layers) - 1:
                break
            hidden = self._attend(hidden, queries, layer, index, places)
            hidden = layers.add_fed_forward(hidden, layer, self._shape, self._product)
        return normed(hidden, self._weights.norm)[:n_rows]

    def _places(self, positions: Tensor, span: int) -> _Places:
        """positions: [B, n] int64, where each new id goes."""
        n_groups = self._shape.n_heads // self._shape.n_kv_heads
        slots = (self._row_starts[:, None] + positions).view(-1)
        flat = positions.view(-1)
        turns = Turns(self._cos.index_select(0, flat), self._sin.index_select(0, flat))
        queried = positions.repeat(1, n_groups)[:, None, :, None]
        keyed = torch.arange(span, device=self.device)
        seen = keyed <= queried
        windows = set(self._shape.windows)
        seen_by = {window: seen if window is None else seen & (keyed > queried - window) for window in windows}
        # Made here once: of a mask of truths every layer's attention makes this again, in three operations.
        masks = {
            window: self._cos.new_zeros(seen.shape).masked_fill_(~seen, -torch.inf) for window, seen in seen_by.items()
        }
        return _Places(slots, turns, masks)

    def _written(self, hidden: Tensor, layer: FusedLayer, index: int, places: _Places) -> Tensor:
        """Queries [B n, H, D] of one layer; its keys and values are written in place."""
        new = layers.projected(hidden, layer, self._shape, places.turns, self._product)
        self._keys[index].index_copy_(0, places.slots, new.keys)
        self._values[index].index_copy_(0, places.slots, new.values)
        return new.queries

    def _attend(self, hidden: Tensor, queries: Tensor, layer: FusedLayer, index: int, places: _Places) -> Tensor:
        """Add the attention of one layer to hidden."""
        shape, mask = self._shape, places.masks[self._shape.windows[index]]
        keys, values, span = self._keys[index], self._values[index], mask.shape[-1]
        mixed = layers.attention(
            self._grouped(queries), self._by_head(keys, span), self._by_head(values, span), mask,
            shape.attention_scale,
        )  # fmt: skip
        return layers.add_attended(hidden, self._ungrouped(mixed), layer, shape, self._product)

    def _by_head(self, states: Tensor, span: int) -> Tensor:
        """[B capacity, H_kv, D] -> [B, H_kv, span, D]."""
        return states.view(self.n_rows, self.capacity, *states.shape[1:])[:, :span].transpose(1, 2)

    def _grouped(self, queries: Tensor) -> Tensor:
        """[B n, H, D] -> [B, H_kv, groups n, D], so that the heads of a group read its keys together."""
        kv, size = self._shape.n_kv_heads, self._shape.head_size
        parted = queries.reshape(self.n_rows, -1, kv, self._shape.n_heads // kv, size)
        return parted.permute(0, 2, 3, 1, 4).reshape(self.n_rows, kv, -1, size)

    def _ungrouped(self, mixed: Tensor) -> Tensor:
        """[B, H_kv, groups n, D] -> [B n, H D]."""
        n_rows, kv, _, size = mixed.shape
        parted = mixed.reshape(n_rows, kv, self._shape.n_heads // kv, -1, size)
        return parted.permute(0, 3, 1, 2, 4).reshape(-1, self._shape.n_heads * size)
