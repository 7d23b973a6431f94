"""Simulates a LongSpec drafter's chains on held-out texts that the target wrote: α by how far the target's keys lag,
and τ at any draft length.

In greedy decoding every token that counts follows text that the target wrote. Step i of a draft sees the target's keys
up to i + 1 tokens before it, so a forward at each lag shows what every round would accept."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.cached_model import ReadTexts, read_texts
from engine.decoding.transfers import uploaded
from engine.longspec.block import LongspecBlock
from engine.models.loading import LoadedModel
from engine.training.longspec_objective import draft_logits


class TextAgreement(NamedTuple):
    """For each lag, from 1 on, and each position of a text: whether the drafter's first choice is the target's.

    n_before: how many tokens the text had before the target wrote the rest."""

    n_before: int
    by_lag: tuple[tuple[bool, ...], ...]

    def tau(self) -> float:
        """Tokens per round if drafts are as long as there are lags."""
        n, at, n_rounds = len(self.by_lag[0]), 0, 0
        while at < n:
            at, n_rounds = at + 1 + self._n_accepted(at), n_rounds + 1
        return n / max(1, n_rounds)

    def _n_accepted(self, at: int) -> int:
        """How many tokens of a draft that begins at a position are accepted."""
        n = 0
        for i, agrees in enumerate(self.by_lag):
            if at + i >= len(agrees) or not agrees[at + i]:
                break
            n += 1
        return n


@torch.inference_mode()
def agreements(
    blocks: Sequence[LongspecBlock], target: LoadedModel, text: Sequence[int], *, n_before: int, lags: int
) -> tuple[TextAgreement, ...]:
    """Compare drafters with the target on a text of which the target wrote all but the first n_before tokens, at lags 1
    to `lags`."""
    ids = uploaded(torch.tensor([text]), target.device)
    positions = torch.arange(ids.shape[1], device=target.device)
    read = read_texts(target.model, ids, positions, logits=False)
    return tuple(
        TextAgreement(n_before, _by_lag(block, target, ids, read, n_before=n_before, lags=lags)) for block in blocks
    )


def _by_lag(
    block: LongspecBlock, target: LoadedModel, ids: Tensor, read: ReadTexts, *, n_before: int, lags: int
) -> tuple[tuple[bool, ...], ...]:
    rows: list[Tensor] = []
    for lag in range(1, lags + 1):
        logits = draft_logits(block, target, ids, read, lag=lag, first=n_before - 1)
        rows.append(logits[0, :-1].argmax(-1) == ids[0, n_before:])
    return tuple(map(tuple, torch.stack(rows).tolist()))  # sync: once a text and block


def alpha(texts: Sequence[TextAgreement], lag: int) -> float:
    """Share of positions at which drafter and target agree at a lag."""
    agreed = [agrees for text in texts for agrees in text.by_lag[lag - 1]]
    return sum(agreed) / max(1, len(agreed))
