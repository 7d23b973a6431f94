"""A linear gate on a processor, without torch's cost of a call: it takes part in every step of the drafter.

A dozen of torch's operations on a few hundred numbers take a tenth of a small drafter's step; these few of NumPy's, of
which none copies, take a fiftieth or less."""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.sprinter.gate import Gate

_LEAST_Q = 1e-12
_EPSILON = 1e-6
_LARGEST = 700.0


class HostGate(NamedTuple):
    """A gate of one layer over the state and log q; weights: of the state, None where it is not read."""

    weights: NDArray[np.float32] | None
    log_q: float
    bias: float
    only_q: bool = False

    @classmethod
    def of(cls, gate: Gate) -> Self | None:
        """The gate; None for one with a layer before its output, or that reads embeddings."""
        shape, weights = gate.shape, gate.weights
        if weights is None:
            return cls(None, 1.0, 0.0, only_q=True)
        if shape.hidden or "embedding" in shape.inputs:
            return None
        out = weights.out.detach().cpu().numpy()
        width = shape.width if "hidden" in shape.inputs else 0
        log_q = float(out[width]) if "log_q" in shape.inputs else 0.0
        return cls(np.ascontiguousarray(out[:width]) if width else None, log_q, float(weights.bias))

    def probability(self, state: Tensor | None, row: Tensor, token: int, *, greedy: bool) -> float:
        """What the gate says of a token. state: [width], of any float type; row: [V], probabilities, or logits where
        greedy."""
        log_q = 0.0 if not self.log_q else math.log(max(_q(row.numpy(), token, greedy=greedy), _LEAST_Q))
        if self.only_q:
            return math.exp(log_q)
        z = self.bias + self.log_q * log_q
        if self.weights is not None and state is not None:
            x = state.float().numpy()
            z += float(self.weights @ x) / math.sqrt(float(x @ x) / x.shape[0] + _EPSILON)
        return 1.0 / (1.0 + math.exp(-max(-_LARGEST, min(_LARGEST, z))))


def _q(row: NDArray[np.float32], token: int, *, greedy: bool) -> float:
    """The probability that the token was drafted with; at temperature 1 where decoding is greedy."""
    if not greedy:
        return float(row[token])
    # The drafted token is the largest, but for rules, under which the sum still bounds it.
    return 1.0 / float(np.exp(row - row[token]).sum())
