"""Accept rules for draft trees: which path is accepted and which token follows it; each output is distributed as p.

Arguments of all rules: p: [..., n + 1, V], the target's adjusted distribution, row 0 after the last committed id and
row i + 1 after node i; q: [..., n, V], the distribution that node i's token was drawn from before siblings were taken
out; tokens: [..., n] ids; parents: [..., n] or [n] int64, see `draft_tree`; u: [..., n] and u_last: [...] float64
uniforms in [0, 1). Pure, on the device, without a read; every tensor may have leading batch dimensions. n = 0 is plain
decoding."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding import draft_tree, sampling, tree_odds
from engine.decoding.accept import Odds


class TreeAcceptance(NamedTuple):
    """Result of verifying a tree of n nodes; every field stays on the device.

    n_accepted: [...] int64, length of the accepted path. path: [..., n] int64, its nodes in order, then -1. last_id:
    [...] int64, the token after it. last_row: [...] int64, the row of p at which that was drawn, 0 for an empty path.
    accept_prob: [..., n], what each node's draw is compared with if it is tested: where children are tested one by one,
    once its earlier siblings were rejected; by `traversal`, of its whole path, once all nodes before it in post-order
    were. It is defined for every node, tested or not. overlap: [..., n], sum(min(p, q)) at the parent of each node, q
    before siblings were taken out; p(token) for a point mass, 0 or 1 when greedy."""

    n_accepted: Tensor
    path: Tensor
    last_id: Tensor
    last_row: Tensor
    accept_prob: Tensor
    overlap: Tensor


def greedy_walk(best: Tensor, tokens: Tensor, parents: Tensor) -> TreeAcceptance:
    """Walk down while a child is the target's most probable token. best: [..., n + 1] ids, its argmax at each row.

    Source: arXiv:2305.09781, section 4 (SpecInfer)."""
    rows = (parents + 1).expand(tokens.shape)
    equal = best.gather(-1, rows) == tokens
    n_accepted, path, last_row = _path(top_down(equal, parents), parents)
    last_id = best.gather(-1, last_row.unsqueeze(-1)).squeeze(-1)
    return TreeAcceptance(n_accepted, path, last_id, last_row, equal.float(), equal.float())


def point_mass(p: Tensor, tokens: Tensor, parents: Tensor, u: Tensor, u_last: Tensor) -> TreeAcceptance:
    """Test children that were chosen without a draw, as of a beam: each by p without its earlier siblings."""
    odds = tree_odds.point_mass_odds(p, tokens, parents)
    rows = (parents + 1).expand(tokens.shape)
    overlap = p.flatten(-2).gather(-1, rows * p.shape[-1] + tokens)
    return _result(top_down(u < odds.accept_prob, parents), odds, overlap, parents, u_last)


def independent(p: Tensor, q: Tensor, tokens: Tensor, parents: Tensor, u: Tensor, u_last: Tensor) -> TreeAcceptance:
    """Test children that were each drawn from q, with replacement."""
    odds = tree_odds.independent_odds(p, q, tokens, parents)
    return _result(top_down(u < odds.accept_prob, parents), odds, overlaps(p, q, parents), parents, u_last)


def recursive(p: Tensor, q: Tensor, tokens: Tensor, parents: Tensor, u: Tensor, u_last: Tensor) -> TreeAcceptance:
    """Test children that were drawn without replacement, one by one; with one child a node, `accept.exact`."""
    odds = tree_odds.recursive_odds(p, q, tokens, parents)
    return _result(top_down(u < odds.accept_prob, parents), odds, overlaps(p, q, parents), parents, u_last)


def traversal(p: Tensor, q: Tensor, tokens: Tensor, parents: Tensor, u: Tensor, u_last: Tensor) -> TreeAcceptance:
    """Test whole paths, of children drawn without replacement; with one child a node, block verification."""
    odds = tree_odds.traversal_odds(p, q, tokens, parents)
    return _result(first_left(u < odds.accept_prob, parents), odds, overlaps(p, q, parents), parents, u_last)


def top_down(accepted: Tensor, parents: Tensor) -> Tensor:
    """The nodes of the path that takes the first accepted child of each node. accepted, result: [..., n] bool."""
    earlier = draft_tree.earlier_siblings(parents)
    taken = accepted & ~(earlier & accepted.unsqueeze(-2)).any(-1)
    return (taken.unsqueeze(-2) | ~draft_tree.ancestors(parents)).all(-1)


def first_left(accepted: Tensor, parents: Tensor) -> Tensor:
    """The nodes of the path to the first accepted node in post-order. accepted, result: [..., n] bool."""
    n = accepted.shape[-1]
    place = draft_tree.post_order(parents).expand(accepted.shape).masked_fill(~accepted, n)
    chosen = accepted & (place == functional.pad(place, (0, 1), value=n).amin(-1, keepdim=True))
    return (chosen.unsqueeze(-1) & draft_tree.ancestors(parents)).any(-2)


def overlaps(p: Tensor, q: Tensor, parents: Tensor) -> Tensor:
    """sum(min(p, q)) at the parent of each node, [..., n]."""
    n, n_entries = q.shape[-2:]
    rows = (parents + 1).expand(q.shape[:-1]).reshape(p.shape[:-2].numel(), n)
    first = torch.arange(rows.shape[0], device=p.device).unsqueeze(-1) * (n + 1)
    p_rows = p.reshape(-1, n_entries).index_select(0, (first + rows).view(-1)).view(q.shape)
    return torch.minimum(p_rows, q).sum(-1)


def _path(on_path: Tensor, parents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Length of a path, its nodes in order padded with -1, and the row of its last one."""
    n = on_path.shape[-1]
    nodes = torch.arange(n, device=on_path.device).expand(on_path.shape)
    slots = draft_tree.depths(parents).expand(on_path.shape).masked_fill(~on_path, n)
    path = nodes.new_full((*on_path.shape[:-1], n + 1), -1).scatter(-1, slots, nodes)[..., :n]
    last_row = functional.pad((nodes + 1) * on_path, (0, 1)).amax(-1)
    return on_path.sum(-1), path, last_row


def _result(on_path: Tensor, odds: Odds, overlap: Tensor, parents: Tensor, u_last: Tensor) -> TreeAcceptance:
    n_accepted, path, last_row = _path(on_path, parents)
    last_id = sampling.draw(odds.rest(last_row), u_last)
    return TreeAcceptance(n_accepted, path, last_id, last_row, odds.accept_prob, overlap)
