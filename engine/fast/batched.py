"""Runs several sequences through one fused model, each at its own length.

All shapes follow from the arguments' shapes and `span`, the lengths stay on the device and nothing is read back, so
that a CUDA graph can capture a forward as it is."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.drafting import LastKv
from engine.fast import layers, matmul, spans
from engine.fast.kv_cache import rope_tables
from engine.fast.layers import Product, Rotations
from engine.fast.norms import normed
from engine.fast.weights import FusedLayer, FusedWeights


class _Places(NamedTuple):
    """Where the n new ids of B rows are written and what they attend to.

    slots: [B n] int64 into the B capacity positions of a layer; turns: rotations of the B n positions, one entry per
    rope; reads: by window."""

    slots: Tensor
    turns: tuple[Rotations, ...]
    reads: dict[int | None, "_Read"]


class _Read(NamedTuple):
    """What a layer attends to: positions from `first` to before `end`.

    mask: added to the scores, broadcast to [B, 1, groups n, positions], where heads that share a key are consecutive.
    None: each row's ids are its last, and each attends up to its own position."""

    first: int
    end: int
    mask: Tensor | None


class RowsModel:
    """B sequences through one model: fixed shapes, lengths on the device, nothing read back.

    The caller keeps track of each row's length, and rolls back by passing smaller `starts` next time. What lies past a
    row's end is overwritten before anything attends to it."""

    def __init__(self, weights: FusedWeights, *, n_rows: int, capacity: int) -> None:
        self.device: torch.device = weights.embedding.device
        self.n_vocabulary = int(weights.embedding.shape[0])
        self.n_rows, self.capacity = n_rows, capacity
        self.hidden: Tensor | None = None
        self._hidden_layers: tuple[int, ...] = ()
        self._weights, self._shape = weights, weights.shape
        self._streams = matmul.streams(weights)
        self._product: Product = matmul.streamed_product if self._streams else matmul.product
        cache_shape = (len(self._shape.windows), n_rows * capacity, self._shape.n_kv_heads, self._shape.head_size)
        # Zeros: a position not written yet is masked, not skipped, and a mask does not hide NaN or infinity.
        self._keys, self._values = weights.embedding.new_zeros(cache_shape), weights.embedding.new_zeros(cache_shape)
        self._tables = [Rotations(*rope_tables(rope, weights.embedding, capacity)) for rope in self._shape.ropes]
        self._row_starts = torch.arange(n_rows, device=self.device) * capacity

    def forward(self, ids: Tensor, starts: Tensor, *, span: int, at: Tensor | None = None) -> Tensor:
        """Compute the logits after the new ids of every row, which are written to the cache.

        ids: [B, n] int64; starts: [B] int64, how many ids of each row come before. span: how many positions are read,
        max(starts) + n <= span <= capacity. at: [B] int64, the one column of each row whose logits to return.
        All on `device`. Returns [B, n, V], or [B, V] where `at` is given, in the model's dtype. Ids past a row's own
        end may be anything."""
        hidden = self._hidden(ids, self._places(starts, ids.shape[1], span))
        if at is None:
            return self._logits(hidden).view(*ids.shape, -1)
        first = torch.arange(ids.shape[0], device=self.device) * ids.shape[1]
        return self._logits(hidden.index_select(0, first + at))

    def prefill(self, ids: Tensor, start: int) -> None:
        """Write ids to the cache without computing logits: [B, n] int64, to the positions of every row from start on.

        Rows that ended before `start` get padding, which lies past their end."""
        self._hidden(ids, self._aligned_places(start, ids.shape[1]), only_states=True)

    def aligned(self, ids: Tensor, start: int) -> Tensor:
        """Logits [B, n, V] after ids [B, n] that follow `start` others in every row; builds a mask only where one
        is needed."""
        return self._logits(self._hidden(ids, self._aligned_places(start, ids.shape[1]))).view(*ids.shape, -1)

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all rows but these, in ascending order, which become the rows 0, 1, ...

        Rows move within the cache, so that no second cache is ever allocated; it keeps its size."""
        assert list(rows) == sorted(set(rows))
        for states in self._keys, self._values:
            by_row = states.view(states.shape[0], -1, self.capacity, *states.shape[2:])
            for to, row in enumerate(rows):
                if to != row:
                    by_row[:, to].copy_(by_row[:, row])
        self.n_rows = len(rows)
        self._row_starts = self._row_starts[: self.n_rows]

    def keep_hidden(self, layer_indices: Sequence[int]) -> None:
        """From now on store these layers' output in `hidden`: [layers, B n, hidden], of the latest n ids a row."""
        self._hidden_layers, self.hidden = tuple(layer_indices), None

    def last_kv(self, length: int) -> LastKv:
        """Keys and values of the last layer; requires a single row, which holds `length` ids."""
        assert self.n_rows == 1
        return LastKv(self._keys[-1], self._values[-1], length)

    def wipe(self) -> None:
        """Zero every position, in place."""
        self._keys.zero_()
        self._values.zero_()

    def bytes(self) -> int:
        """Memory of the cache."""
        return self._keys.nbytes + self._values.nbytes

    def _logits(self, hidden: Tensor) -> Tensor:
        n = hidden.shape[0]
        rows = hidden.repeat(2, 1) if self._streams and n == 1 else hidden
        return layers.logits(rows, self._weights, self._product)[:n]

    def _hidden(self, ids: Tensor, places: _Places, *, only_states: bool = False) -> Tensor:
        """Last hidden states [B n, hidden], normalised; only_states: they are not used, so the last layer need only
        write keys and values."""
        n = ids.numel()
        hidden, layer_outputs = layers.embedded(ids.reshape(-1).expand(places.slots.shape), self._weights), []
        for index, layer in enumerate(self._weights.layers):
            queries = self._write_kv(hidden, layer, index, places)
            if only_states and index == len(self._weights.layers) - 1 and index not in self._hidden_layers:
                break
            hidden = self._attend(hidden, queries, layer, index, places)
            hidden = layers.add_fed_forward(hidden, layer, self._shape, self._product)
            if index in self._hidden_layers:
                layer_outputs.append(hidden[:n].clone())
        self.hidden = torch.stack(layer_outputs) if layer_outputs else None
        return normed(hidden, self._weights.norm)[:n]

    def _places(self, starts: Tensor, n: int, span: int) -> _Places:
        """Places of n new ids per row, each row at its own start [B]; a streamed product takes a single id twice."""
        positions = starts[:, None] + torch.arange(n, device=self.device)
        if self._streams and positions.numel() == 1:
            positions = positions.expand(1, 2)
        n_groups = self._shape.n_heads // self._shape.n_kv_heads
        query_positions = positions.repeat(1, n_groups)[:, None, :, None]
        key_positions = torch.arange(span, device=self.device)
        visible = key_positions <= query_positions
        windows = set(self._shape.windows)
        visible_by_window = {
            window: visible if window is None else visible & (key_positions > query_positions - window)
            for window in windows
        }
        return self._places_at(
            positions, {window: _Read(0, span, self._bias(visible)) for window, visible in visible_by_window.items()}
        )

    def _aligned_places(self, start: int, n: int) -> _Places:
        """Places of n new ids per row, all rows at the same start, known on the host."""
        if self._streams and self.n_rows * n == 1:
            return self._places(torch.tensor([start]), n, start + n)
        positions = torch.arange(start, start + n, device=self.device).expand(self.n_rows, n)
        n_groups, reads = self._shape.n_heads // self._shape.n_kv_heads, {}
        for window in set(self._shape.windows):
            first, mask = spans.span(n, start, window, self.device)
            reads[window] = _Read(first, start + n, None if mask is None else self._bias(mask.repeat(n_groups, 1)))
        return self._places_at(positions, reads)

    def _places_at(self, positions: Tensor, reads: dict[int | None, _Read]) -> _Places:
        """positions: [B, n] int64, where each new id goes."""
        slots, flat = (self._row_starts[:, None] + positions).reshape(-1), positions.reshape(-1)
        turns = (Rotations(cos.index_select(0, flat), sin.index_select(0, flat)) for cos, sin in self._tables)
        return _Places(slots, tuple(turns), reads)

    def _bias(self, visible: Tensor) -> Tensor:
        """The bias that a boolean mask adds to scores. Built once: from booleans, attention would build it in every
        layer, in three operations."""
        return self._keys.new_zeros(visible.shape).masked_fill_(~visible, -torch.inf)

    def _write_kv(self, hidden: Tensor, layer: FusedLayer, index: int, places: _Places) -> Tensor:
        """Write the keys and values of one layer in place; returns its queries [B n, H, D]."""
        turns = places.turns[self._shape.rope_of_layer[index]]
        new = layers.projected(hidden, layer, self._shape, turns, self._product)
        self._keys[index].index_copy_(0, places.slots, new.keys)
        self._values[index].index_copy_(0, places.slots, new.values)
        return new.queries

    def _attend(self, hidden: Tensor, queries: Tensor, layer: FusedLayer, index: int, places: _Places) -> Tensor:
        """Add the attention of one layer to hidden."""
        shape, read = self._shape, places.reads[self._shape.windows[index]]
        keys, values = (self._by_head(states[index], read) for states in (self._keys, self._values))
        queries_by_head = queries.reshape(self.n_rows, -1, *queries.shape[1:]).transpose(1, 2)
        attention = layers.attention if read.mask is None else layers.grouped_attention
        mixed = attention(queries_by_head, keys, values, read.mask, shape.attention_scale)
        return layers.add_attended(hidden, mixed.transpose(1, 2).flatten(2).flatten(0, 1), layer, shape, self._product)

    def _by_head(self, states: Tensor, read: _Read) -> Tensor:
        """[B' capacity, H_kv, D] -> [B, H_kv, positions, D], of the first B of B' rows."""
        by_row = states.view(-1, self.capacity, *states.shape[1:])
        return by_row[: self.n_rows, read.first : read.end].transpose(1, 2)
