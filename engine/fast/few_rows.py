"""The fused forward of a few new ids in float32 on a CPU, in as few operations as it takes; knows no loop.

One id through a small model is some forty small operations a layer, and each costs a microsecond or more however little
it computes. Here each matrix product reads from and writes to a place made before, and what lies between is a handful
of loops where numba is installed to compile them, and torch operations that allocate and move nothing where it is
not."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.fast import layers, matmul
from engine.fast.compiled_elementwise import CompiledElementwise, kernels
from engine.fast.elementwise import Elementwise, OutputBuffers, TorchElementwise, norms_of
from engine.fast.kv_cache import Buffers
from engine.fast.matmul import OutputBuffer
from engine.fast.spans import Tree
from engine.fast.weights import FusedLayer, FusedWeights, Projection

# Multiplications of queries and keys in a layer, beyond which the library's products, which use every thread, gain
# more than calls cost.
_MOST_LOOPED = 1 << 20


class _Layer(NamedTuple):
    """A layer's matrices as its output buffers take them."""

    qkv: Projection
    out: Projection
    gate_up: Projection
    down: Projection


class _Places(NamedTuple):
    """Where a step over n rows computes."""

    buffers: OutputBuffers
    elementwise: Elementwise


class FewRows:
    """The forward of up to MOST_ROWS new ids through one model; whoever calls keeps the cache and its length.

    compiled: whether what lies between the products may be compiled; the results are the same up to rounding."""

    def __init__(self, weights: FusedWeights, *, compiled: bool = True) -> None:
        self._weights = weights
        self._streamed = matmul.streams(weights)
        self._kernels = kernels() if compiled else None
        self._norms = norms_of(weights)
        self._layers = [self._layer(layer) for layer in weights.layers]
        self._places: dict[tuple[int, bool], _Places] = {}

    def hidden(
        self, ids: Tensor, start: int, held: Buffers, tree: Tree | None, hidden_layers: Sequence[int]
    ) -> tuple[Tensor, list[Tensor]]:
        """Last hidden states, normalised, after ids [n] that follow `start` others, and the output of `hidden_layers`.

        Keys and values are written to `held`. Returns [n, hidden], or [2, hidden] for one streamed id, the second row
        without meaning; the next call overwrites them."""
        n = ids.shape[0]
        (qkv, out, gate_up, down), elementwise = self._places_for(n, start)
        hidden = layers.embedded(ids, self._weights)
        elementwise.begin(hidden, start, held, tree)
        kept = []
        for index, layer in enumerate(self._layers):
            qkv.multiply(layer.qkv)
            elementwise.attended(index)
            out.multiply(layer.out)
            elementwise.added_attention(index)
            gate_up.multiply(layer.gate_up)
            elementwise.gated()
            down.multiply(layer.down)
            elementwise.added_feed_forward(index)
            if index in hidden_layers:
                kept.append(hidden.clone())
        return elementwise.last, kept

    def forget(self) -> None:
        """Let go of the places to compute, and so of the cache that they last looked at."""
        self._places.clear()

    def _layer(self, layer: FusedLayer) -> _Layer:
        matrices = (layer.qkv, layer.out, layer.gate_up, layer.down)
        return _Layer(*(matmul.laid_out(by, streamed=self._streamed) for by in matrices))

    def _places_for(self, n: int, start: int) -> _Places:
        n_multiplied = n * (start + n) * self._weights.shape.n_heads * self._weights.shape.head_size
        looped = self._kernels is not None and n_multiplied <= _MOST_LOOPED
        if (n, looped) not in self._places:
            self._places[n, looped] = self._made_places(n, looped=looped)
        return self._places[n, looped]

    def _made_places(self, n: int, *, looped: bool) -> _Places:
        like = self._weights.layers[0]
        matrices = (like.qkv, like.out, like.gate_up, like.down)
        buffers = OutputBuffers(*(OutputBuffer(n, by, streamed=self._streamed) for by in matrices))
        return _Places(buffers, self._elementwise(n, buffers, looped=looped))

    def _elementwise(self, n: int, buffers: OutputBuffers, *, looped: bool) -> Elementwise:
        if self._kernels is None or not looped:
            return TorchElementwise(n, self._weights, buffers, self._norms)
        return CompiledElementwise(n, self._weights, buffers, self._norms, self._kernels)


def serves(weights: FusedWeights) -> bool:
    """Whether a few rows of this model are multiplied here."""
    embedding = weights.embedding
    return embedding.device.type == "cpu" and embedding.dtype == torch.float32 and not weights.quantised


def ready(weights: FusedWeights) -> None:
    """Compile now what the forward of a few rows is going to need: some seconds, once on a machine."""
    if serves(weights):
        kernels()
