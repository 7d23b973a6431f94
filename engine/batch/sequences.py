"""Several sequences through one model behind one interface, by the fused forward or by the modules.

The caller keeps the lengths on the host and uploads them once for all calls of a round; nothing here waits for a
device."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel

from engine.decoding.cached_model import PREFILL_CHUNK, CachedModel
from engine.decoding.transfers import uploaded
from engine.fast.batched import RowsModel
from engine.fast.weights import FusedWeights
from engine.models.loading import LoadedModel

_SPAN_STEP = {"cpu": 8, "cuda": 64}


class RowCounts(NamedTuple):
    """One integer per row, on the host and as int64 [B] on the device."""

    host: tuple[int, ...]
    device: Tensor


class Sequences(Protocol):
    """B sequences through one model, each at its own length.

    Arguments of a call: ids [B, n] int64 on `device`; starts: how many ids of each row stay in its cache; those
    past them are rolled back. counts: how many of each row's new ids are real, the others are padding. start: one start
    for all rows; a row that ended before it gets padding alone."""

    device: torch.device
    n_vocabulary: int

    def open(self, n_rows: int, capacity: int) -> None:
        """Prepare n_rows empty rows of at most `capacity` ids each, padding included."""

    def forward(self, ids: Tensor, starts: RowCounts, counts: Sequence[int]) -> Tensor:
        """Logits [B, n, V] after each new id; after padding, any finite values."""

    def last(self, ids: Tensor, starts: RowCounts, counts: RowCounts) -> Tensor:
        """Logits [B, V] after the last new id of each row."""

    def aligned(self, ids: Tensor, start: int, counts: Sequence[int]) -> Tensor:
        """Logits [B, n, V] after each new id; after padding, any finite values."""

    def prefill(self, ids: Tensor, start: int, counts: Sequence[int]) -> None:
        """Add ids to the caches."""

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all rows but these, in ascending order, which become the rows 0, 1, ..."""

    def bytes(self) -> int:
        """Memory the caches hold now."""


class FusedSequences:
    """All rows in one forward."""

    def __init__(self, weights: FusedWeights) -> None:
        self.device: torch.device = weights.embedding.device
        self.n_vocabulary = int(weights.embedding.shape[0])
        self._weights = weights
        self._rows: RowsModel | None = None

    def open(self, n_rows: int, capacity: int) -> None:
        """Allocate the caches of all rows."""
        self._rows = RowsModel(self._weights, n_rows=n_rows, capacity=capacity)

    def forward(self, ids: Tensor, starts: RowCounts, counts: Sequence[int]) -> Tensor:
        """Logits [B, n, V] after each new id."""
        return self._model.forward(ids, starts.device, span=self._span(ids, starts))

    def last(self, ids: Tensor, starts: RowCounts, counts: RowCounts) -> Tensor:
        """Logits [B, V] after the last new id of each row."""
        at = (counts.device - 1).clamp_min(0)
        return self._model.forward(ids, starts.device, span=self._span(ids, starts), at=at)

    def aligned(self, ids: Tensor, start: int, counts: Sequence[int]) -> Tensor:
        """Logits [B, n, V] after each new id."""
        return self._model.aligned(ids, start)

    def prefill(self, ids: Tensor, start: int, counts: Sequence[int]) -> None:
        """Add ids to the caches."""
        self._model.prefill(ids, start)

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all rows but these, and move them together."""
        self._model.keep(rows)

    def bytes(self) -> int:
        """Memory the caches hold now."""
        return 0 if self._rows is None else self._rows.bytes()

    @property
    def _model(self) -> RowsModel:
        assert self._rows is not None
        return self._rows

    def _span(self, ids: Tensor, starts: RowCounts) -> int:
        """How many positions to read, in steps: kernels read whole steps, and a captured graph serves one span."""
        end, step = max(starts.host) + ids.shape[1], _SPAN_STEP.get(self.device.type, 8)
        assert end <= self._model.capacity
        return min(self._model.capacity, -(-end // step) * step)


class ModuleSequences:
    """Row by row through transformers' modules: correct for every model, no faster than separate sequences."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._rows: list[CachedModel] = []
        weight = model.get_input_embeddings().weight
        self.device: torch.device = weight.device
        self.n_vocabulary = int(weight.shape[0])

    def open(self, n_rows: int, capacity: int) -> None:
        """Start an empty cache per row; each grows as needed."""
        self._rows = [CachedModel(self._model) for _ in range(n_rows)]

    def forward(self, ids: Tensor, starts: RowCounts, counts: Sequence[int]) -> Tensor:
        """Logits [B, n, V] after each new id; zeros after padding."""
        return self._logits(ids, starts.host, counts)

    def last(self, ids: Tensor, starts: RowCounts, counts: RowCounts) -> Tensor:
        """Logits [B, V] after the last new id of each row; zeros where there is none."""
        logits = self._logits(ids, starts.host, counts.host)
        return torch.stack([row[max(0, count - 1)] for row, count in zip(logits, counts.host, strict=True)])

    def aligned(self, ids: Tensor, start: int, counts: Sequence[int]) -> Tensor:
        """Logits [B, n, V] after each new id; zeros after padding."""
        return self._logits(ids, [start] * len(counts), counts)

    def prefill(self, ids: Tensor, start: int, counts: Sequence[int]) -> None:
        """Add ids to the caches."""
        for row, count in enumerate(counts):
            if count:
                self._row_at(row, start).prefill(ids[row, :count])

    def keep(self, rows: Sequence[int]) -> None:
        """Drop the caches of the others."""
        self._rows = [self._rows[row] for row in rows]

    def bytes(self) -> int:
        """Memory the caches hold now."""
        return sum(row.bytes() for row in self._rows)

    def _logits(self, ids: Tensor, starts: Sequence[int], counts: Sequence[int]) -> Tensor:
        all_logits: Tensor | None = None
        for row, count in enumerate(counts):
            if count:
                logits = self._row_at(row, starts[row]).forward(ids[row, :count])
                if all_logits is None:
                    all_logits = logits.new_zeros(*ids.shape, logits.shape[-1])
                all_logits[row, :count] = logits
        assert all_logits is not None
        return all_logits

    def _row_at(self, row: int, length: int) -> CachedModel:
        """The model of a row, rolled back to `length` ids."""
        model = self._rows[row]
        if model.length > length:
            model.rollback(model.length - length)
        return model


def sequences_of(model: LoadedModel) -> Sequences:
    """Several sequences through a loaded model, by the forward it was loaded for."""
    return ModuleSequences(model.model) if model.fused is None else FusedSequences(model.fused)


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows of ids as one tensor [B, longest] on the host, zeros where a row has ended."""
    width = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], dtype=torch.int64)


def take_in(sequences: Sequences, rows: Sequence[Sequence[int]], checkpoint: Callable[[], None]) -> None:
    """Prefill every empty row with its text, in padded pieces of about PREFILL_CHUNK ids in all; checkpoint() between.

    Padding of a row that has ended lies past its end: it is overwritten before anything attends to it."""
    n_columns = max(1, PREFILL_CHUNK // len(rows))
    for start in range(0, max(map(len, rows)), n_columns):
        pieces = [row[start : start + n_columns] for row in rows]
        sequences.prefill(uploaded(padded(pieces), sequences.device), start, [len(piece) for piece in pieces])
        checkpoint()
