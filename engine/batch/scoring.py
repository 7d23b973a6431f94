"""Computes the log-probabilities a model gives to several texts, in one padded batch."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from engine.batch.sequences import padded, sequences_of
from engine.decoding.cached_model import PREFILL_CHUNK
from engine.decoding.transfers import uploaded_together
from engine.errors import InputError
from engine.models.loading import LoadedModel

_MOST_LOGITS_BYTES = 256 << 20


@torch.inference_mode()
def scored(
    model: LoadedModel, rows: Sequence[Sequence[int]], checkpoint: Callable[[], None] = lambda: None
) -> list[list[float]]:
    """Compute the log-probability of every id given those before it in its row.

    Returns [B][n_i], as long as the rows; a row's first entry is 0, since nothing precedes it. checkpoint() is called
    between pieces. Raises InputError where a row does not fit the context."""
    longest = max(map(len, rows), default=0)
    if longest > model.context:
        reason = f"a text has {longest} tokens, {model.spec} reads at most {model.context}"
        raise InputError(reason, "shorten it, or use a model with a longer context")
    if longest < 2:
        return [[0.0] * len(row) for row in rows]
    sequences = sequences_of(model)
    sequences.open(len(rows), longest)
    scores = []
    n_columns = _columns(len(rows), sequences.n_vocabulary)
    for start in range(0, longest - 1, n_columns):
        end = min(start + n_columns, longest - 1)
        pieces = [row[: len(row) - 1][start:end] for row in rows]
        host_tensors = padded(pieces), padded([row[start + 1 : end + 1] for row in rows])
        ids, following = uploaded_together(host_tensors, sequences.device)
        scores.append(_log_probabilities(sequences.aligned(ids, start, list(map(len, pieces))), following))
        checkpoint()
    score_rows = torch.cat(scores, 1).tolist()  # sync: one wait for all pieces
    return [[0.0, *row_scores][: len(row)] for row, row_scores in zip(rows, score_rows, strict=True)]


def _columns(n_rows: int, n_vocabulary: int) -> int:
    """How many columns to score at once: bounded by the size of their float32 logits, and by a few prefill chunks."""
    n_fitting = _MOST_LOGITS_BYTES // (4 * n_rows * n_vocabulary)
    return max(1, min(n_fitting, 4 * PREFILL_CHUNK // n_rows))


def _log_probabilities(logits: Tensor, ids: Tensor) -> Tensor:
    """Log-probability of each id under its logits. logits: [B, n, V]; ids: [B, n]. Returns float32 [B, n]."""
    return logits.float().log_softmax(-1).gather(-1, ids.unsqueeze(-1)).squeeze(-1)
