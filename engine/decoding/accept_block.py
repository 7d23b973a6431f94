"""Block verification of a chain: its tokens are judged together, which accepts at least as many of them on average.

p is the target's and q the drafter's adjusted distribution, row i after i drafted tokens. Pure, on the device; every
tensor may have leading batch dimensions. Source: arXiv:2403.10444 (Sun et al., ICLR 2025), algorithm 2."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding import sampling
from engine.decoding.accept import Acceptance, Odds, row_at


class BlockOdds(NamedTuple):
    """odds: the h_i that decide, and the distributions after i tokens. prefix_prob: [..., n] p_i, the probability that
    at least the first i tokens are accepted, whatever was drafted after them."""

    odds: Odds
    prefix_prob: Tensor


def block(p: Tensor, q: Tensor, tokens: Tensor, u: Tensor, u_last: Tensor, *, real: Tensor | None = None) -> Acceptance:
    """Accept the longest prefix whose last draw is below its odds, also past draws that are not.

    Arguments as of `accept.exact`, and so is the output's distribution. accept_prob are the h_i; a token may be
    accepted though its own draw is not below, where a later one is."""
    n = tokens.shape[-1]
    odds, prefix_prob = block_odds(p, q, tokens, real=real)
    accepted = u < odds.accept_prob
    if real is not None:
        accepted = accepted & real
    n_accepted = longest(accepted)
    overlap = torch.minimum(p[..., :n, :], q).sum(-1)
    last_id = sampling.draw(odds.rest(n_accepted), u_last)
    return Acceptance(n_accepted, last_id, odds.accept_prob, overlap, prefix_prob)


def block_odds(p: Tensor, q: Tensor, tokens: Tensor, *, real: Tensor | None = None) -> BlockOdds:
    """The odds of a draft; they depend on no draw."""
    n, tiny = tokens.shape[-1], torch.finfo(p.dtype).tiny
    index = tokens.unsqueeze(-1)
    ratios = p[..., :n, :].gather(-1, index).squeeze(-1) / q.gather(-1, index).squeeze(-1).clamp_min(tiny)
    prefixes = [torch.ones_like(p[..., 0, 0])]
    for i in range(n):
        prefixes.append((prefixes[-1] * ratios[..., i]).clamp_max(1.0))
    prefix_prob = torch.stack(prefixes, -1)
    is_last = torch.arange(n, device=p.device) == n - 1
    if real is not None:
        # Nothing is drafted after the last real token, where the last token comes from p alone.
        q, is_last = q * real.unsqueeze(-1), real & ~functional.pad(real[..., 1:], (0, 1))
    rest = (prefix_prob.unsqueeze(-1) * p - functional.pad(q, (0, 0, 0, 1))).clamp_min(0.0)
    mass, reached = rest.sum(-1)[..., 1:], prefix_prob[..., 1:]
    accept_prob = torch.where(is_last, reached, filled(mass, reached))

    def rest_after(n_accepted: Tensor) -> Tensor:
        left = row_at(rest, n_accepted)
        return torch.where(left.sum(-1, keepdim=True) > 0, left, row_at(p, n_accepted))

    return BlockOdds(Odds(accept_prob, rest_after), reached)


def longest(accepted: Tensor) -> Tensor:
    """Length of the longest prefix that ends in an accepted token, [...] int64. accepted: [..., n] bool."""
    lengths = torch.arange(1, accepted.shape[-1] + 1, device=accepted.device) * accepted
    return functional.pad(lengths, (0, 1)).amax(-1)


def filled(mass: Tensor, reached: Tensor) -> Tensor:
    """The probability of stopping at a node where going on was not taken, so that it is reached with `reached` in all.

    mass: the sum of max(reached * p - q, 0) there. Returns mass / (mass + 1 - reached), 1 where both are 0."""
    total = mass + (1.0 - reached)
    return torch.where(total > 0, mass / total.clamp_min(torch.finfo(total.dtype).tiny), torch.ones_like(total))
