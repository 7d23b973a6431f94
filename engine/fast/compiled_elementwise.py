"""What a layer computes between its matrix products, by compiled loops; knows no loop over layers.

The same as by torch up to rounding, in a fraction of the time for a small model: three calls a layer, not nineteen."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.fast.elementwise import Norms, OutputBuffers
from engine.fast.kv_cache import Buffers
from engine.fast.matmul import OutputBuffer
from engine.fast.norms import Norm
from engine.fast.spans import Tree
from engine.fast.weights import FusedWeights

if TYPE_CHECKING:
    from engine.fast.kernels import Kernels

_NO_WINDOW = 1 << 62


_Floats: TypeAlias = NDArray[np.float32]
_Norm: TypeAlias = tuple[_Floats, float]


class _Added(NamedTuple):
    """What a sum and its norm take besides the hidden states."""

    made: _Floats
    factor: float
    scaled: _Floats
    floor: float
    to: _Floats


class _Attended(NamedTuple):
    """What attention in one layer takes after the positions."""

    window: int
    keys: _Floats
    values: _Floats
    scale: float
    to: _Floats
    scratch: _Floats


def kernels() -> "Kernels | None":
    """The compiled loops; None where numba is not installed, or told not to compile."""
    if find_spec("numba") is None:
        return None
    # Imported late: without the loops, numba's half second is not spent.
    import numba

    if numba.config.DISABLE_JIT:
        return None
    from engine.fast.kernels import compiled

    return compiled()


class CompiledElementwise:
    """A `Between` of compiled loops."""

    def __init__(self, n: int, weights: FusedWeights, buffers: OutputBuffers, norms: Norms, made: "Kernels") -> None:
        self.last = buffers.qkv.new_rows()
        self._shape, self._buffers, self._kernels = weights.shape, buffers, made
        self._first = _viewed(norms.first)
        none = weights.embedding.new_empty(0, weights.shape.head_size).numpy()
        self._heads = [(none, 0.0) if norm is None else _viewed(norm) for norm in norms.heads]
        self._after_attention = [self._added(buffers.out, norm, buffers.gate_up.x) for norm in norms.after_attention]
        places = [*([buffers.qkv.x] * (len(norms.heads) - 1)), self.last[:n]]
        self._after_feed_forward = [
            self._added(buffers.down, norm, to) for norm, to in zip(norms.after_feed_forward, places, strict=True)
        ]
        self._qkv, self._gate_up = buffers.qkv.made.numpy(), buffers.gate_up.made.numpy()
        self._to_qkv, self._down = buffers.qkv.x.numpy(), buffers.down.x.numpy()
        self._steps = np.arange(n), np.tri(n, dtype=np.bool_)
        self._held: Buffers | None = None

    def begin(self, hidden: Tensor, start: int, held: Buffers, tree: Tree | None) -> None:
        """As the protocol says."""
        self._hidden, self._start = hidden.numpy(), start
        depths, seen = self._steps if tree is None else (tree.depths.numpy(), tree.seen.contiguous().numpy())
        self._at: NDArray[np.int64] = depths + start
        self._seen: NDArray[np.bool_] = seen
        if held is not self._held:
            self._hold(held)
        self._kernels.add_normed(self._hidden, self._hidden, 0.0, *self._first, self._to_qkv)

    def attended(self, index: int) -> None:
        """As the protocol says."""
        self._kernels.attend(
            self._qkv, *self._heads[index], *self._tables, self._at, self._seen, self._start, *self._attended[index]
        )

    def added_attention(self, index: int) -> None:
        """As the protocol says."""
        self._kernels.add_normed(self._hidden, *self._after_attention[index])

    def gated(self) -> None:
        """As the protocol says."""
        self._kernels.gate(self._gate_up, self._down, self._scratch)

    def added_feed_forward(self, index: int) -> None:
        """As the protocol says."""
        self._kernels.add_normed(self._hidden, *self._after_feed_forward[index])

    def _added(self, made: OutputBuffer, norm: Norm, to: Tensor) -> _Added:
        return _Added(made.made.numpy(), self._shape.residual_factor, *_viewed(norm), to.numpy())

    def _hold(self, held: Buffers) -> None:
        """Look at the memory of these buffers from now on."""
        shape, n, to = self._shape, held.keys.shape[1], self._buffers.out.x.numpy()
        self._held = held
        self._scratch = np.empty((2, max(n, self._down.shape[1])), np.float32)
        self._tables = held.cos.view(n, -1).numpy(), held.sin[:, 0, 1].contiguous().numpy()
        windows = (_NO_WINDOW if window is None else window for window in shape.windows)
        self._attended = [
            _Attended(window, keys.numpy(), values.numpy(), shape.attention_scale, to, self._scratch)
            for window, keys, values in zip(windows, held.keys, held.values, strict=True)
        ]


def _viewed(norm: Norm) -> _Norm:
    return norm.scaled.numpy(), norm.weight.shape[0] * norm.epsilon
