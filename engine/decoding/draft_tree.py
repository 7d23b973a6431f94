"""Pure helpers over the parents of a draft tree; none reads a value back from the device.

parents: [..., n] int64, index of each node's parent, -1 for the last committed id. Every node comes after its parent,
and after the siblings that were drawn before it. A node's row, in tensors of n + 1 rows, is its index + 1; row 0
belongs to the last committed id."""

import torch
from torch import Tensor
from torch.nn import functional


def ancestors(parents: Tensor) -> Tensor:
    """Which nodes lead to which: [..., n, n] bool, True at [i, j] where node j is node i or an ancestor of it."""
    n = parents.shape[-1]
    # Row n stands for the last committed id, to which no node leads.
    up = functional.pad(parents.masked_fill(parents < 0, n), (0, 1), value=n)
    mask = torch.eye(n + 1, n, dtype=torch.bool, device=parents.device).expand(*parents.shape[:-1], n + 1, n)
    for _ in range(max(n - 1, 0).bit_length()):  # each step doubles how far up the mask reaches
        mask = mask | mask.gather(-2, up.unsqueeze(-1).expand_as(mask))
        up = up.gather(-1, up)
    return mask[..., :n, :]


def depths(parents: Tensor) -> Tensor:
    """How many ancestors each node has, [..., n] int64: 0 for the children of the last committed id."""
    return ancestors(parents).sum(-1) - 1


def earlier_siblings(parents: Tensor) -> Tensor:
    """[..., n, n] bool, True at [i, j] where nodes i and j have one parent and j was drawn first."""
    return (parents.unsqueeze(-1) == parents.unsqueeze(-2)).tril(-1)


def next_siblings(parents: Tensor) -> Tensor:
    """The sibling drawn after each node, [..., n] int64; n where there is none."""
    n = parents.shape[-1]
    later = (parents.unsqueeze(-1) == parents.unsqueeze(-2)).triu(1)
    indices = torch.arange(n, device=parents.device).expand_as(later).masked_fill(~later, n)
    return functional.pad(indices, (0, 1), value=n).amin(-1)


def post_order(parents: Tensor) -> Tensor:
    """Place of each node, [..., n] int64, in the order in which a depth-first walk leaves them: children first."""
    above = ancestors(parents)
    sizes = above.sum(-2)
    n_before_siblings = (earlier_siblings(parents) * sizes.unsqueeze(-2)).sum(-1)
    n_before = (above * n_before_siblings.unsqueeze(-2)).sum(-1)
    return n_before + sizes - 1


def is_chain(parents: Tensor) -> Tensor:
    """Whether each node follows the one before it, [...] bool on the device; reading it there would wait."""
    return (parents == torch.arange(-1, parents.shape[-1] - 1, device=parents.device)).all(-1)
