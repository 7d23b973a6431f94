"""What each accept rule makes of a draft tree before anything is drawn: the odds of its nodes and what is left of p.

p: [..., n + 1, V], row 0 after the last committed id and row i + 1 after node i; q: [..., n, V], the distribution that
the token of node i was drawn from before its earlier siblings' tokens were taken out; tokens, parents: [..., n], see
`draft_tree`. Pure, on the device; the same operations for the same shapes, and no value is read back. A rule's work is
one pass over V for each node, on the path or not, since which nodes are tested is known on the device alone."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding import draft_tree
from engine.decoding.accept import Odds, residual, row_at
from engine.decoding.accept_block import filled

# A product of ratios along a path stays below infinity, which times 0 would be no number.
_LARGEST = 1e300


def point_mass_odds(p: Tensor, tokens: Tensor, parents: Tensor) -> Odds:
    """The odds of children chosen without a draw: p without the earlier siblings' tokens, renormalised."""
    rows, same = (parents + 1).expand(tokens.shape), tokens.unsqueeze(-1) == tokens.unsqueeze(-2)
    earlier = draft_tree.earlier_siblings(parents)
    p_token = _entries(p, rows, tokens).double().masked_fill((earlier & same).any(-1), 0.0)
    p_before = (earlier * p_token.unsqueeze(-2)).sum(-1)
    p_left = p.sum(-1, dtype=torch.float64).gather(-1, rows) - p_before

    def rest(row: Tensor) -> Tensor:
        current = row_at(p, row)
        children = rows == row.unsqueeze(-1)
        left = _emptied(current, tokens, (same & children.unsqueeze(-2)).any(-1))
        return torch.where(left.sum(-1, keepdim=True) > 0, left, current)

    return Odds(_ratio(p_token, p_left).clamp_max(1.0), rest)


def independent_odds(p: Tensor, q: Tensor, tokens: Tensor, parents: Tensor) -> Odds:
    """The odds of children that were each drawn from q, whatever their siblings are.

    Source: arXiv:2305.09781, section 4 (SpecInfer, multi-step speculative sampling)."""
    return _sibling_by_sibling(p, q, tokens, parents)


def recursive_odds(p: Tensor, q: Tensor, tokens: Tensor, parents: Tensor) -> Odds:
    """The odds of children drawn without replacement, tested in the order of the draws.

    Source: arXiv:2402.12374 (Sequoia) and arXiv:2402.14160 (recursive rejection sampling)."""
    return _sibling_by_sibling(p, untried(q, tokens, parents), tokens, parents)


def traversal_odds(p: Tensor, q: Tensor, tokens: Tensor, parents: Tensor) -> Odds:
    """The odds of whole paths, of children drawn without replacement.

    accept_prob: with which the path to each node is accepted, once all nodes before it in post-order were refused. Each
    refusal takes the node out: at its parent, reached with a, p becomes the rest of max(a p - q, 0), q loses the token,
    and a is stored anew, for the children that are left. Source: arXiv:2505.12398 (Traversal Verification)."""
    n, n_trees = tokens.shape[-1], p.shape[:-2].numel()
    drawn_from = untried(q, tokens, parents)
    left, drafted = _flat_rows(p).clone(), _flat_rows(drawn_from)
    ids, up = tokens.reshape(n_trees, n), parents.expand(tokens.shape).reshape(n_trees, n)
    q_token = drawn_from.gather(-1, tokens.unsqueeze(-1)).reshape(n_trees, n).double()
    p_token = _entries(p, parents.expand(tokens.shape) + 1, tokens).reshape(n_trees, n)
    firsts = _FirstChildren(_ratio(p_token, q_token), up)
    reached, siblings = firsts.reached(), draft_tree.next_siblings(up)
    # One column more, for the sibling that a last child does not have.
    ids, q_token = functional.pad(ids, (0, 1)), functional.pad(q_token, (0, 1), value=1.0)
    place = draft_tree.post_order(up)
    order = torch.zeros_like(place).scatter(-1, place, torch.arange(n, device=p.device).expand_as(place))
    batch = torch.arange(n_trees, device=p.device).unsqueeze(-1)
    odds = [reached[:, :0]]
    for k in range(n):
        node = order[:, k : k + 1]
        odds.append(reached.gather(-1, node + 1))
        row, sibling = up.gather(-1, node) + 1, siblings.gather(-1, node)
        at, parent_reached = (batch * (n + 1) + row).view(-1), reached.gather(-1, row)
        current = left.index_select(0, at)
        rest = parent_reached.to(p.dtype) * current - drafted.index_select(0, (batch * n + node).view(-1))
        mass = rest.clamp_min_(0.0).sum(-1, keepdim=True)
        current = torch.where(mass > 0, rest / mass.clamp_min(torch.finfo(p.dtype).tiny), current)
        left.index_copy_(0, at, current)
        parent_reached = filled(mass.double(), parent_reached)
        ratio = _ratio(current.gather(-1, ids.gather(-1, sibling)), q_token.gather(-1, sibling))
        reached = firsts.below(reached.scatter(-1, row, parent_reached), sibling, (parent_reached * ratio).clamp_max(1))
    accept_prob = torch.cat(odds, -1).gather(-1, place).view(tokens.shape)
    return Odds(accept_prob, lambda row: row_at(left.view(p.shape), row))


def untried(q: Tensor, tokens: Tensor, parents: Tensor) -> Tensor:
    """The distribution each node's token was drawn from: q without its earlier siblings' tokens, renormalised.

    Uniform over the untried tokens where nothing of q is left. Returns [..., n, V]."""
    same = (tokens.unsqueeze(-1) == tokens.unsqueeze(-2)).float()
    tried = torch.matmul(draft_tree.earlier_siblings(parents).float(), same) > 0
    index = tokens.unsqueeze(-2).expand_as(tried)
    left = _emptied(q, index, tried)
    total = left.sum(-1, keepdim=True)
    others = _emptied(torch.ones_like(q), index, tried)
    n_others = others.sum(-1, keepdim=True).clamp_min(1.0)
    return torch.where(total > 0, left / total.clamp_min(torch.finfo(q.dtype).tiny), others / n_others)


class _FirstChildren:
    """Reaches nodes that follow a node by first children alone, at none of which anything was refused yet.

    Reached with a, a node's first child is reached with min(1, a * ratio); so is a node further down with
    min(a * factor, ceiling). ratios: [B, n], p/q of each node's token; parents: [B, n]."""

    def __init__(self, ratios: Tensor, parents: Tensor) -> None:
        n = parents.shape[-1]
        is_first = ~draft_tree.earlier_siblings(parents).any(-1)
        own_rows = torch.arange(1, n + 1, device=parents.device)
        self._head = functional.pad(torch.where(is_first, parents + 1, own_rows), (1, 0))
        self._factor = functional.pad(ratios.double().masked_fill(~is_first, 1.0), (1, 0), value=1.0)
        self._ceiling = torch.ones_like(self._factor)
        for _ in range(n.bit_length()):  # each step doubles how far up the factors reach
            ceiling_above = self._ceiling.gather(-1, self._head) * self._factor
            self._ceiling = torch.minimum(self._ceiling, ceiling_above)
            self._factor = (self._factor * self._factor.gather(-1, self._head)).clamp_max(_LARGEST)
            self._head = self._head.gather(-1, self._head)

    def reached(self) -> Tensor:
        """With which each row is reached from row 0 on: [B, n + 1], right below row 0 only."""
        return torch.minimum(self._factor, self._ceiling)

    def below(self, reached: Tensor, node: Tensor, value: Tensor) -> Tensor:
        """The same once a node [B, 1] is reached with a value [B, 1]; nothing changes where the node is n."""
        return torch.where(self._head == node + 1, torch.minimum(value * self._factor, self._ceiling), reached)


def _sibling_by_sibling(p: Tensor, drawn_from: Tensor, tokens: Tensor, parents: Tensor) -> Odds:
    """Odds of each node once its earlier siblings were refused; each refusal leaves the residual of p at the parent."""
    n, n_trees = tokens.shape[-1], p.shape[:-2].numel()
    left, drafted = _flat_rows(p).clone(), drawn_from.reshape(n_trees, n, p.shape[-1])
    ids, rows = tokens.reshape(n_trees, n), (parents + 1).expand(tokens.shape).reshape(n_trees, n)
    rows = rows + (n + 1) * torch.arange(n_trees, device=p.device).unsqueeze(-1)
    odds = [p.new_empty(n_trees, 0)]
    for i in range(n):
        current, q, token = left.index_select(0, rows[:, i]), drafted[:, i], ids[:, i : i + 1]
        odds.append(_ratio(current.gather(-1, token), q.gather(-1, token)).clamp_max(1.0))
        left.index_copy_(0, rows[:, i], residual(current, q))
    return Odds(torch.cat(odds, -1).view(tokens.shape), lambda row: row_at(left.view(p.shape), row))


def _flat_rows(x: Tensor) -> Tensor:
    """[..., n, V] as [all rows, V]."""
    return x.reshape(-1, x.shape[-1])


def _entries(x: Tensor, rows: Tensor, tokens: Tensor) -> Tensor:
    """One entry of a row for each node. x: [..., m, V]; rows, tokens: [..., n]. Returns [..., n]."""
    return x.flatten(-2).gather(-1, rows * x.shape[-1] + tokens)


def _ratio(p: Tensor, q: Tensor) -> Tensor:
    return p / q.clamp_min(torch.finfo(q.dtype).tiny)


def _emptied(x: Tensor, tokens: Tensor, tried: Tensor) -> Tensor:
    """x [..., V] with 0 at the tried ones of the tokens [..., n]; equal tokens are tried alike."""
    return x.scatter(-1, tokens, x.gather(-1, tokens).masked_fill(tried, 0.0))
