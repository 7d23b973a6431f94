"""The growing key-value cache of a sequence, with its rope tables; a rollback copies nothing."""

from typing import NamedTuple

import torch
from torch import Tensor

from engine.fast.families import ModelShape, Rope

_FIRST_CAPACITY = 256


class Buffers(NamedTuple):
    """keys, values: [layers, capacity, H_kv, D]. One entry per rope: cos [capacity, 1, 1, D / 2]; sin [capacity, 1, 2,
    D / 2], that of the first half negated."""

    keys: Tensor
    values: Tensor
    cos: tuple[Tensor, ...]
    sin: tuple[Tensor, ...]


def n_bytes(n_layers: int, n_kv_heads: int, head_size: int, *, n_ropes: int, n_positions: int, itemsize: int) -> int:
    """Size of buffers for n_positions: keys and values of every layer, and three half rows of tables per rope."""
    return n_positions * itemsize * (2 * n_layers * n_kv_heads * head_size + n_ropes * 3 * (head_size // 2))


class KvCache:
    """Buffers that double when full, up to the context where that is long enough, and first up to what is expected.

    expected: how many positions the text will have at most; more remain possible."""

    def __init__(self, shape: ModelShape, like: Tensor, *, context: int, expected: int | None = None) -> None:
        self._shape = shape
        self._like = like
        self._context = context
        self._expected = context if expected is None else min(expected, context)
        self._buffers: Buffers | None = None

    def at_least(self, n: int, *, n_kept: int) -> Buffers:
        """Return buffers for at least n positions; the first n_kept keep their content."""
        if self._buffers is not None and n <= self._buffers.keys.shape[1]:
            return self._buffers
        most = self._expected if n <= self._expected else self._context
        capacity = max(n, min(max(_FIRST_CAPACITY, 2 * n), most))
        shape = (len(self._shape.windows), capacity, self._shape.n_kv_heads, self._shape.head_size)
        cos, sin = zip(*(rope_tables(rope, self._like, capacity) for rope in self._shape.ropes), strict=True)
        # Zeros: a position not written yet may be masked instead of skipped, and a mask does not hide NaN or infinity.
        buffers = Buffers(self._like.new_zeros(shape), self._like.new_zeros(shape), cos, sin)
        if self._buffers is not None:
            buffers.keys[:, :n_kept] = self._buffers.keys[:, :n_kept]
            buffers.values[:, :n_kept] = self._buffers.values[:, :n_kept]
        self._buffers = buffers
        return buffers

    def move(self, source: Tensor, start: int) -> None:
        """Copy the positions in source, [n] int64, to the positions from `start` on."""
        assert self._buffers is not None
        for states in self._buffers.keys, self._buffers.values:
            states[:, start : start + source.shape[0]] = states.index_select(1, source)

    def bytes(self) -> int:
        """Memory the buffers hold now."""
        if self._buffers is None:
            return 0
        keys, values, cos, sin = self._buffers
        return sum(tensor.nbytes for tensor in (keys, values, *cos, *sin))


class FirstLayersCache:
    """The part of a cache that belongs to its first layers; what one writes the other reads."""

    def __init__(self, cache: KvCache, n_layers: int) -> None:
        self._cache = cache
        self._n_layers = n_layers
        self._whole: Buffers | None = None
        self._part: Buffers | None = None

    def at_least(self, n: int, *, n_kept: int) -> Buffers:
        """See `KvCache.at_least`; the same buffers as long as the cache keeps its own."""
        whole = self._cache.at_least(n, n_kept=n_kept)
        if self._part is None or whole is not self._whole:
            self._whole = whole
            self._part = whole._replace(keys=whole.keys[: self._n_layers], values=whole.values[: self._n_layers])
        return self._part

    def move(self, source: Tensor, start: int) -> None:
        """Move the positions of every layer, as `KvCache.move`."""
        self._cache.move(source, start)

    def bytes(self) -> int:
        """No memory of its own."""
        return 0


def rope_tables(rope: Rope, like: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Cosine and sine of n positions in the layout of `Buffers`; computed in float32, returned in like's dtype."""
    frequencies = rope.inverse_frequencies.to(like.device, torch.float32)
    angles = torch.arange(n, device=like.device, dtype=torch.float32)[:, None] * frequencies[None]
    cos, sin = angles.cos() * rope.scale, angles.sin() * rope.scale
    return cos.to(like.dtype)[:, None, None], torch.stack([-sin, sin], 1).to(like.dtype).unsqueeze(1)
