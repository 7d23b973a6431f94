"""Drafts a chain token by token: draws each token from given logits and joins the steps into a draft; pure."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding import sampling
from engine.decoding.drafting import Draft, chain
from engine.decoding.sampling import Warp


class DraftStep(NamedTuple):
    """One drafted token, [] int64, and its row, [V] float32: probabilities, or logits where greedy."""

    token: Tensor
    row: Tensor


def step(logits: Tensor, u: Tensor, warp: Warp, *, n_vocabulary: int) -> DraftStep:
    """Draw the next token from a drafter's logits [V_drafter] with u: [] float64.

    n_vocabulary: of the target; ids beyond it can never be accepted, so they are never drawn."""
    shared = logits[:n_vocabulary].float()
    if warp.greedy:
        return DraftStep(shared.argmax(-1), shared)
    row = sampling.probabilities(shared, warp)
    return DraftStep(sampling.draw(row, u), row)


def joined(steps: Sequence[DraftStep], warp: Warp, *, n_vocabulary: int) -> Draft:
    """Join at least one step into a draft; ids that only the target has get probability 0."""
    tokens, rows = torch.stack([step.token for step in steps]), torch.stack([step.row for step in steps])
    parents = chain(len(steps), tokens.device)
    if warp.greedy:
        return Draft(tokens, parents, shown=_widened(rows.softmax(-1), n_vocabulary))
    q = _widened(rows, n_vocabulary)
    return Draft(tokens, parents, q, q)


def _widened(probs: Tensor, n: int) -> Tensor:
    """Pad with zeros: [..., V_drafter] -> [..., V_target]."""
    n_missing = n - probs.shape[-1]
    return functional.pad(probs, (0, n_missing)) if n_missing > 0 else probs
