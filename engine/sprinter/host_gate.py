"""A linear gate on a processor, without torch's cost of a call: it takes part in every step of the drafter.

A dozen of torch's operations on a few hundred numbers take a quarter of a small drafter's step. A compiled loop that
also finds the drafted token takes less than torch takes to find it; where numba is missing, NumPy computes the same."""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.fast import compiled_loops
from engine.sprinter.gate import Gate

_LEAST_Q = 1e-12
_EPSILON = 1e-6
_LARGEST = 700.0


class GatedToken(NamedTuple):
    """The drafted token and what the gate says of it."""

    token: int
    probability: float


class HostGate:
    """A gate of one layer over the state and log q; weights: of the state, empty where it is not read."""

    def __init__(self, weights: NDArray[np.float32], log_q: float, bias: float, *, only_q: bool = False) -> None:
        self._weights, self._log_q, self._bias, self._only_q = weights, log_q, bias, only_q
        self._loop = compiled_loops.gated_choice()
        self._scratch = np.empty((2, 0), np.float32)
        self._no_state = np.empty(0, np.float32)

    @classmethod
    def of(cls, gate: Gate) -> Self | None:
        """The gate; None for one with a layer before its output, or that reads embeddings."""
        shape, weights = gate.shape, gate.weights
        if weights is None:
            return cls(np.empty(0, np.float32), 1.0, 0.0, only_q=True)
        if shape.hidden or "embedding" in shape.inputs:
            return None
        out = weights.out.detach().cpu().numpy()
        width = shape.width if "hidden" in shape.inputs else 0
        log_q = float(out[width]) if "log_q" in shape.inputs else 0.0
        return cls(np.ascontiguousarray(out[:width]), log_q, float(weights.bias))

    def choice(self, hidden: Tensor | None, logits: Tensor) -> GatedToken:
        """The token that is drafted greedily, and its probability. hidden: [layers, n, width]; logits: [V] float32."""
        row = logits.numpy()
        if self._loop is None or not row.flags.c_contiguous:
            token = int(row.argmax())
            return GatedToken(
                token, self.probability(None if hidden is None else hidden[-1, -1], logits, token, greedy=True)
            )
        if self._scratch.shape[1] < row.shape[0]:
            self._scratch = np.empty((2, row.shape[0]), np.float32)
        state = self._no_state if hidden is None or not self._weights.size else hidden.float().numpy()[-1, -1]
        token, z = self._loop(row, state, self._weights, self._log_q, self._bias, self._scratch)
        return GatedToken(token, math.exp(z) if self._only_q else _logistic(z))

    def probability(self, state: Tensor | None, row: Tensor, token: int, *, greedy: bool) -> float:
        """What the gate says of a token. state: [width], of any float type; row: [V], probabilities, or logits where
        greedy."""
        log_q = 0.0 if not self._log_q else math.log(max(_q(row.numpy(), token, greedy=greedy), _LEAST_Q))
        if self._only_q:
            return math.exp(log_q)
        z = self._bias + self._log_q * log_q
        if self._weights.size and state is not None:
            x = state.float().numpy()
            z += float(self._weights @ x) / math.sqrt(float(x @ x) / x.shape[0] + _EPSILON)
        return _logistic(z)


def _logistic(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-_LARGEST, min(_LARGEST, z))))


def _q(row: NDArray[np.float32], token: int, *, greedy: bool) -> float:
    """The probability that the token was drafted with; at temperature 1 where decoding is greedy."""
    if not greedy:
        return float(row[token])
    return 1.0 / float(np.exp(row - row[token]).sum())
