"""The gate: how probable a drafted token's acceptance is, from what the drafter knew when it drafted the token.

Source: arXiv:2502.04557, section 3. The state is the last layer's output at the position that produced the token. It is
divided by its root mean square, which is the model's last norm up to weights that a linear gate holds anyway."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.sprinter.cards import GateShape

_LEAST_Q = 1e-12
_EPSILON = 1e-6


class GateWeights(NamedTuple):
    """The numbers of a gate, float32. layer, offsets: [hidden, inputs], [hidden] of the layer before, or None twice;
    out: [inputs or hidden]; bias: [1]."""

    out: Tensor
    bias: Tensor
    layer: Tensor | None = None
    offsets: Tensor | None = None


class Gate(NamedTuple):
    """A gate; `probability` of rows, of which each belongs to one drafted token. weights: None for the one that passes
    on the drafter's own probability of the token, and needs no training."""

    shape: GateShape
    weights: GateWeights | None

    def logits(self, features: Tensor) -> Tensor:
        """Logits [n] of features [n, inputs]."""
        weights = self.weights
        if weights is None:
            return torch.logit(features[:, 0].exp(), eps=_LEAST_Q)
        if weights.layer is not None and weights.offsets is not None:
            features = functional.silu(functional.linear(features, weights.layer, weights.offsets))
        return features @ weights.out + weights.bias

    def probability(self, features: Tensor) -> Tensor:
        """Probability [n] that the target accepts each token."""
        return torch.sigmoid(self.logits(features))

    def to(self, device: torch.device) -> "Gate":
        """The same gate on a device."""
        if self.weights is None:
            return self
        out, bias, *layer = (None if tensor is None else tensor.to(device) for tensor in self.weights)
        assert out is not None and bias is not None
        return self._replace(weights=GateWeights(out, bias, *layer))


Q_ALONE = Gate(GateShape(0, ("log_q",)), None)


def features(
    shape: GateShape, states: Tensor, q: Tensor, tokens: Tensor, embed: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """What a gate reads of n drafted tokens, [n, inputs] float32.

    states: [n, width], as the drafter's last layer leaves them; q: [n], the probability each token was drawn with;
    embed: token ids [n] -> [n, width], only for gates that read it."""
    columns = []
    if "hidden" in shape.inputs:
        columns.append(normalised(states))
    if "log_q" in shape.inputs:
        columns.append(q.float().clamp_min(_LEAST_Q).log().unsqueeze(-1))
    if "embedding" in shape.inputs:
        assert embed is not None
        columns.append(normalised(embed(tokens)))
    return torch.cat(columns, -1)


def normalised(states: Tensor) -> Tensor:
    """States [n, width] in float32, each divided by its root mean square."""
    states = states.float()
    return states * torch.rsqrt(states.square().mean(-1, keepdim=True) + _EPSILON)


def empty_weights(shape: GateShape) -> GateWeights:
    """Weights of zeros, and of small random numbers in the layer before the output, from the current generator."""
    if not shape.hidden:
        return GateWeights(torch.zeros(shape.n_inputs), torch.zeros(1))
    layer = torch.randn(shape.hidden, shape.n_inputs) / shape.n_inputs**0.5
    return GateWeights(torch.zeros(shape.hidden), torch.zeros(1), layer, torch.zeros(shape.hidden))
