"""Turns logits into probabilities and draws from them; pure functions of tensors.

Order of the warping: temperature, top-k, top-p, min-p, as transformers applies them.
Source: arXiv:2211.17192, section 2.2 (every sampling scheme is ordinary sampling from an adjusted distribution)."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

_LEAST_TEMPERATURE = 1e-30


class Warp(NamedTuple):
    """How logits become the distribution that is sampled; temperature 0 is greedy."""

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0

    @property
    def greedy(self) -> bool:
        """Whether the distribution is one-hot at the most probable token."""
        return self.temperature == 0.0


def probabilities(logits: Tensor, warp: Warp) -> Tensor:
    """The adjusted, renormalised distribution.

    logits: [..., V] of any float type. Returns float32 [..., V] summing to 1; one-hot where greedy."""
    logits = logits.float()
    if warp.greedy:
        return functional.one_hot(logits.argmax(-1), logits.shape[-1]).float()
    # Shift the largest logit to 0 first, so that no temperature, however small, can make it infinite.
    logits = (logits - logits.amax(-1, keepdim=True)) / max(warp.temperature, _LEAST_TEMPERATURE)
    if warp.top_k:
        logits = _keep_top_k(logits, warp.top_k)
    if warp.top_p < 1.0:
        logits = _keep_top_p(logits, warp.top_p)
    probs = torch.softmax(logits, dim=-1)
    return _keep_min_p(probs, warp.min_p) if warp.min_p else probs


def _keep_top_k(logits: Tensor, k: int) -> Tensor:
    threshold = logits.topk(min(k, logits.shape[-1]), dim=-1).values[..., -1:]
    return logits.masked_fill(logits < threshold, -torch.inf)


def _keep_top_p(logits: Tensor, top_p: float) -> Tensor:
    """Drop the least probable tokens whose cumulative probability stays within 1 - top_p; the best one always stays."""
    ordered, order = logits.sort(dim=-1)
    drop_mask = ordered.softmax(-1).cumsum(-1) <= 1.0 - top_p
    drop_mask[..., -1].fill_(False)  # an assignment would copy False from the host, which a CUDA graph cannot capture
    return logits.masked_fill(drop_mask.scatter(-1, order, drop_mask), -torch.inf)


def _keep_min_p(probs: Tensor, min_p: float) -> Tensor:
    likely = probs.masked_fill(probs < min_p * probs.amax(-1, keepdim=True), 0.0)
    return likely / likely.sum(-1, keepdim=True)


def draw(probs: Tensor, u: Tensor) -> Tensor:
    """Draw one index per row by inverting the cumulative distribution.

    probs: [..., V], need not be normalised; u: [...] float64 uniforms in [0, 1). Returns [...] int64.
    The sum runs in float64, so that each token is drawn with its probability to about 1e-16, however large V is."""
    cumulative = probs.double().cumsum(-1)
    index = torch.searchsorted(cumulative, (u * cumulative[..., -1]).unsqueeze(-1), right=True)
    return index.squeeze(-1).clamp_max(probs.shape[-1] - 1)
