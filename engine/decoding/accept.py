"""Accept rules: which drafted tokens are accepted and what replaces the first rejected one; pure, on the device.

p is the target's and q the drafter's adjusted distribution, row i for the i-th drafted position. A deterministic
drafter has a one-hot q; in greedy decoding both are one-hot, and the rule is written without the vectors.
Every tensor may have leading batch dimensions, one entry per sequence. Drafts of different lengths are then padded at
their ends: `real`, [..., n] bool, is False for padding; None means that nothing is padded."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding import sampling


class Acceptance(NamedTuple):
    """Result of verifying a draft of n tokens; every field stays on the device.

    n_accepted: [...] int64, accepted before the last token. last_id: [...] int64, correction or bonus.
    accept_prob, overlap: [..., n] float, min(1, p/q) of each token and sum(min(p, q)) of each position. prefix_prob:
    [..., n], of rules that judge tokens together, the probability that at least the tokens up to each are accepted;
    accept_prob is then what decides beside the draw; None for rules that judge them one by one."""

    n_accepted: Tensor
    last_id: Tensor
    accept_prob: Tensor
    overlap: Tensor
    prefix_prob: Tensor | None = None


class ChainRule(Protocol):
    """A rule for chains whose tokens were drawn from q."""

    def __call__(
        self, p: Tensor, q: Tensor, tokens: Tensor, u: Tensor, u_last: Tensor, *, real: Tensor | None = None
    ) -> Acceptance:
        """Verify a chain; shapes as in `exact`."""


class Odds(NamedTuple):
    """What a rule makes of a draft of n tokens before anything is drawn.

    accept_prob: [..., n], compared with the draws. rest: the number of accepted tokens of a chain, or in a tree the row
    of the last accepted one, [...] int64 -> [..., V], what the last token is drawn from, not always normalised."""

    accept_prob: Tensor
    rest: Callable[[Tensor], Tensor]


def residual(p: Tensor, q: Tensor) -> Tensor:
    """Distribution to draw from after a rejection.

    p, q: [..., V] probabilities on one device. Returns [..., V], sums to 1; p itself where p <= q everywhere.
    Source: arXiv:2211.17192, section 2.3."""
    rest = (p - q).clamp_min(0.0)
    total = rest.sum(-1, keepdim=True)
    return torch.where(total > 0, rest / total.clamp_min(torch.finfo(rest.dtype).tiny), p)


def exact(p: Tensor, q: Tensor, tokens: Tensor, u: Tensor, u_last: Tensor, *, real: Tensor | None = None) -> Acceptance:
    """Accept left to right with probability min(1, p/q); the emitted tokens are distributed exactly as p.

    p: [..., n + 1, V]; q: [..., n, V], the distribution each token was drawn from; tokens: [..., n] ids;
    u: [..., n] and u_last: [...] float64 uniforms in [0, 1). n = 0 is plain decoding: the bonus alone.
    Source: arXiv:2211.17192, algorithm 1 and appendix A.1."""
    n = tokens.shape[-1]
    odds = exact_odds(p, q, tokens, real=real)
    accepted = u < odds.accept_prob
    if real is not None:
        accepted, q = accepted & real, q * real.unsqueeze(-1)
    n_accepted = accepted.long().cumprod(-1).sum(-1)
    overlap = torch.minimum(p[..., :n, :], q).sum(-1)
    return Acceptance(n_accepted, sampling.draw(odds.rest(n_accepted), u_last), odds.accept_prob, overlap)


def exact_odds(p: Tensor, q: Tensor, tokens: Tensor, *, real: Tensor | None = None) -> Odds:
    """The odds of `exact`: min(1, p/q) of each token, and the residuals after the first rejection or p after none."""
    index = tokens.unsqueeze(-1)
    p_token, q_token = p[..., : tokens.shape[-1], :].gather(-1, index).squeeze(-1), q.gather(-1, index).squeeze(-1)
    accept_prob = (p_token / q_token.clamp_min(torch.finfo(q.dtype).tiny)).clamp_max(1.0)
    if real is not None:
        # Padding subtracts nothing from p: the last token there comes from p, as a bonus.
        q = q * real.unsqueeze(-1)
    q_or_zero = functional.pad(q, (0, 0, 0, 1))
    return Odds(accept_prob, lambda n_accepted: residual(row_at(p, n_accepted), row_at(q_or_zero, n_accepted)))


def point_mass(p: Tensor, tokens: Tensor, u: Tensor, u_last: Tensor, *, real: Tensor | None = None) -> Acceptance:
    """Accept the tokens of a deterministic drafter with probability p(token); on rejection draw another token.

    Shapes as in `exact`. Using the drafter's softmax as q for a token it did not draw would bias the output."""
    q = functional.one_hot(tokens, p.shape[-1]).to(p.dtype)
    return exact(p, q, tokens, u, u_last, real=real)


def greedy(best: Tensor, tokens: Tensor, *, real: Tensor | None = None) -> Acceptance:
    """Accept while the drafted token is the target's most probable one; the last token is the target's best.

    best: [..., n + 1] ids, the target's argmax at each position; tokens: [..., n] ids."""
    if not tokens.shape[-1]:  # plain decoding: skip a dozen operations over empty tensors
        return Acceptance(
            torch.zeros_like(best[..., 0]), best[..., 0], *[best.new_empty(tokens.shape, dtype=torch.float32)] * 2
        )
    equal = best[..., :-1] == tokens
    if real is not None:
        equal = equal & real
    n_accepted = equal.long().cumprod(-1).sum(-1)
    accept_prob = equal.float()
    last_id = best.gather(-1, n_accepted.unsqueeze(-1)).squeeze(-1)
    return Acceptance(n_accepted, last_id, accept_prob, accept_prob)


def row_at(x: Tensor, at: Tensor) -> Tensor:
    """Select one row per sequence. x: [..., n, V]; at: [...] int64. Returns [..., V]."""
    if x.shape[-2] == 1:
        return x[..., 0, :]
    if at.dim() == 0:
        return x.index_select(0, at.view(1))[0]
    n, n_columns = x.shape[-2:]
    first = torch.arange(at.numel(), device=at.device) * n
    return x.reshape(-1, n_columns).index_select(0, first + at.reshape(-1)).view(*at.shape, n_columns)
