"""Drafts a chain token by token: draws each token from given logits and joins the steps into a draft; pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding import sampling
from engine.decoding.drafting import Draft, chain
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp


class DraftStep(NamedTuple):
    """One drafted token, [] int64, and its row, [V] float32: probabilities, or logits where greedy."""

    token: Tensor
    row: Tensor


def step(
    logits: Tensor, u: Tensor, warp: Warp, *, n_vocabulary: int, ruled: Callable[[Tensor], Tensor] | None = None
) -> DraftStep:
    """Draw the next token from a drafter's logits [V_drafter] with u: [] float64.

    n_vocabulary: of the target; ids beyond it can never be accepted, so they are never drawn. ruled: changes the other
    logits, [V] float32, as the target's are changed."""
    shared = logits[:n_vocabulary].float()
    if ruled is not None:
        shared = ruled(shared)
    if warp.greedy:
        return DraftStep(shared.argmax(-1), shared)
    row = sampling.probabilities(shared, warp)
    return DraftStep(sampling.draw(row, u), row)


def ruled_after(rules: RuledText | None, steps: Sequence[DraftStep]) -> Callable[[Tensor], Tensor] | None:
    """What changes the logits [V] that follow the steps of a draft; None where nothing does."""
    if rules is None:
        return None
    drafted = torch.stack([step.token for step in steps]) if steps else rules.no_tokens
    return lambda logits: rules.applied(logits.unsqueeze(0), drafted)[0]


def is_unsure(step: DraftStep, warp: Warp, threshold: float) -> bool:
    """Whether a drafted token has less probability than the threshold, greedy at temperature 1; 0 asks for nothing.

    Each question waits for the device, which is what a confidence stop costs there."""
    if not threshold:
        return False
    row = step.row.softmax(-1) if warp.greedy else step.row
    return float(row.gather(0, step.token.view(1))) < threshold  # sync: only where drafts stop by confidence


def joined(steps: Sequence[DraftStep], warp: Warp, *, n_vocabulary: int) -> Draft:
    """Join at least one step into a draft; ids that only the target has get probability 0."""
    tokens, rows = torch.stack([step.token for step in steps]), torch.stack([step.row for step in steps])
    parents = chain(len(steps), tokens.device)
    if warp.greedy:
        return Draft(tokens, parents, shown=widened(rows.softmax(-1), n_vocabulary))
    q = widened(rows, n_vocabulary)
    return Draft(tokens, parents, q, q)


def widened(probs: Tensor, n: int) -> Tensor:
    """Pad with zeros: [..., V_drafter] -> [..., V_target]."""
    n_missing = n - probs.shape[-1]
    return functional.pad(probs, (0, n_missing)) if n_missing > 0 else probs
