"""The fused forward of a few new ids in float32 on a CPU, in as few operations as possible.

One id through a small model takes about forty small operations a layer, each of which costs a microsecond or more
however little it computes. Here each matrix product reads and writes preallocated buffers. Between the products run a
few compiled loops where numba is installed, otherwise torch operations that allocate and move nothing."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.token_tree import Tree
from engine.fast import layers, matmul
from engine.fast.compiled_elementwise import CompiledElementwise
from engine.fast.compiled_loops import kernels
from engine.fast.elementwise import Elementwise, OutputBuffers, TorchElementwise, norms_of
from engine.fast.kv_cache import Buffers
from engine.fast.matmul import OutputBuffer
from engine.fast.weights import FusedLayer, FusedWeights, Projection

# Above this many multiplications of queries and keys in a layer, the library's products, which use every thread, gain
# more than their calls cost.
_MOST_LOOPED = 1 << 20


class _Layer(NamedTuple):
    """A layer's matrices in the layout that its output buffers multiply by."""

    qkv: Projection
    out: Projection
    gate_up: Projection
    down: Projection


class _Workspace(NamedTuple):
    """The preallocated memory of a step over n rows."""

    buffers: OutputBuffers
    elementwise: Elementwise


class FewRows:
    """The forward of up to MOST_ROWS new ids through one model; the caller keeps the cache and its length.

    compiled: whether to use the compiled loops where possible; the results are the same up to rounding."""

    def __init__(self, weights: FusedWeights, *, compiled: bool = True) -> None:
        self._weights = weights
        self._streamed = matmul.streams(weights)
        self._kernels = kernels() if compiled else None
        self._norms = norms_of(weights)
        self._layers = [self._layer(layer) for layer in weights.layers]
        self._workspaces: dict[tuple[int, bool], _Workspace] = {}

    def hidden(
        self, ids: Tensor, start: int, cache: Buffers, tree: Tree | None, hidden_layers: Sequence[int]
    ) -> tuple[Tensor, list[Tensor]]:
        """Last hidden states, normalised, after ids [n] that follow `start` others, and the output of `hidden_layers`.

        Keys and values are written to `cache`. Returns [n, hidden], or [2, hidden] for one streamed id, where the
        second row is meaningless; the next call overwrites them."""
        n = ids.shape[0]
        (qkv, out, gate_up, down), elementwise = self._workspace_for(n, start)
        hidden = layers.embedded(ids, self._weights)
        elementwise.begin(hidden, start, cache, tree)
        layer_outputs = []
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
                layer_outputs.append(hidden.clone())
        return elementwise.last, layer_outputs

    def forget(self) -> None:
        """Release the workspaces, and with them the cache that they last used."""
        self._workspaces.clear()

    def _layer(self, layer: FusedLayer) -> _Layer:
        matrices = (layer.qkv, layer.out, layer.gate_up, layer.down)
        return _Layer(*(matmul.laid_out(projection, streamed=self._streamed) for projection in matrices))

    def _workspace_for(self, n: int, start: int) -> _Workspace:
        n_multiplications = n * (start + n) * self._weights.shape.n_heads * self._weights.shape.head_size
        looped = self._kernels is not None and n_multiplications <= _MOST_LOOPED
        if (n, looped) not in self._workspaces:
            self._workspaces[n, looped] = self._new_workspace(n, looped=looped)
        return self._workspaces[n, looped]

    def _new_workspace(self, n: int, *, looped: bool) -> _Workspace:
        layer = self._weights.layers[0]
        matrices = (layer.qkv, layer.out, layer.gate_up, layer.down)
        buffers = OutputBuffers(*(OutputBuffer(n, projection, streamed=self._streamed) for projection in matrices))
        return _Workspace(buffers, self._elementwise(n, buffers, looped=looped))

    def _elementwise(self, n: int, buffers: OutputBuffers, *, looped: bool) -> Elementwise:
        if self._kernels is None or not looped:
            return TorchElementwise(n, self._weights, buffers, self._norms)
        return CompiledElementwise(n, self._weights, buffers, self._norms, self._kernels)


def serves(weights: FusedWeights) -> bool:
    """Whether `FewRows` computes this model."""
    embedding = weights.embedding
    is_plain = embedding.device.type == "cpu" and embedding.dtype == torch.float32
    return is_plain and (not weights.quantised or matmul.has_int8_rows(weights))


def ready(weights: FusedWeights) -> None:
    """Compile and measure now what the forward of a few rows needs: some seconds, once per machine."""
    if serves(weights):
        kernels()
        matmul.streams(weights)
