"""The distribution of a position's token under approximate verification, from p, q and what the gate passes; pure.

Each law is exact for one position whose token was drafted from q, given the text before it. p, q: [..., V]
probabilities; greedy decoding is the same with one-hot p and q. Sources: arXiv:2502.04557, appendix A.1 (gate);
arXiv:2604.07622 (ensemble); arXiv:2211.17192, appendix A.5 (lenience)."""

import torch
from torch import Tensor

from engine.decoding.accept import residual


def gated(p: Tensor, q: Tensor, passes: Tensor) -> Tensor:
    """A gate passes token x with probability passes[x] in [0, 1]; the target decides on the others by the exact rule.

    Returns [..., V]. Where `passes` is the same for all tokens that the exact rule would reject, and for all that it
    would accept, this is the theorem's mixture (1 - eta) p + eta q."""
    accepted = torch.minimum(p, q)
    rejected = q - accepted
    return q * passes + (accepted * (1 - passes)) + (rejected * (1 - passes)).sum(-1, keepdim=True) * residual(p, q)


def ensemble(p: Tensor, q: Tensor, weight: float) -> Tensor:
    """Verified against weight * p + (1 - weight) * q, which is then what the text is drawn from."""
    return weight * p + (1 - weight) * q


def lenient(p: Tensor, q: Tensor, lenience: float) -> Tensor:
    """Accepted with min(1, p / (lenience q)), lenience in (0, 1]; then drawn from max(0, p - lenience q)."""
    accepted = torch.minimum(p / lenience, q)
    return accepted + (1 - accepted.sum(-1, keepdim=True)).clamp_min(0) * residual(p / lenience, q)


def total_variation(p: Tensor, law: Tensor) -> Tensor:
    """Half the sum of absolute differences, [...]."""
    return (p - law).abs().sum(-1) / 2


def divergence(law: Tensor, p: Tensor) -> Tensor:
    """KL(law || p) in nats, [...]; infinite where the law has a token that p does not."""
    return torch.where(law > 0, law * (law.clamp_min(1e-38).log() - p.log()), torch.zeros_like(law)).sum(-1)
