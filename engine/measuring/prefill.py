"""Times the reading of a prompt, beside the matrix products and the attention that it consists of."""

import time
from collections.abc import Callable, Sequence
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding.cached_model import SequenceModel
from engine.decoding.clock import settle
from engine.decoding.transfers import uploaded_ids
from engine.events import AttentionChecked, PrefillMeasured
from engine.fast import attention_kernels, matmul
from engine.fast.attention_kernels import AttentionKernel
from engine.fast.weights import FusedWeights, Projection
from engine.models.loading import LoadedModel

# A short prompt is read several times; a long one takes long enough to be timed once.
_MOST_READINGS, _ENOUGH_S = 3, 2.0
_N_PASSES = 3
# The largest difference from float64 in units of the values' spread; a sum of a few hundred products is rounded so.
_TOLERANCES = {torch.float32: 1e-5, torch.float16: 1e-2, torch.bfloat16: 6e-2}
_CHECKED_QUERIES, _CHECKED_POSITIONS = 48, 300


class TimedPrompt:
    """Reads a prompt into sequences of a target, and remembers how long each reading took."""

    def __init__(self, target: LoadedModel, chunk: int, checkpoint: Callable[[], None]) -> None:
        self._target, self._chunk, self._checkpoint = target, chunk, checkpoint
        self.times_ms: list[float] = []

    def read(self, sequence: SequenceModel, ids: Sequence[int]) -> None:
        """Read all ids but the last, timed."""
        prompt = uploaded_ids(ids[:-1], sequence.device)
        started = time.perf_counter()
        for start in range(0, len(ids) - 1, self._chunk):
            sequence.prefill(prompt[start : start + self._chunk])
            self._checkpoint()
        settle(sequence.device)
        self.times_ms.append(1e3 * (time.perf_counter() - started))

    @property
    def is_enough(self) -> bool:
        """Whether the readings tell how long one takes."""
        return len(self.times_ms) >= _MOST_READINGS or sum(self.times_ms) >= 1e3 * _ENOUGH_S

    def result(self, length: int, n_ids: int) -> PrefillMeasured:
        """The figures, with those of the bare work where our own forward computes it."""
        ms, target = median(self.times_ms), self._target
        bare_ms = None if target.fused is None else bare(target.fused, n_ids - 1, self._chunk, self._checkpoint)
        ratio = None if not bare_ms else ms / bare_ms
        return PrefillMeasured(length, self._chunk, target.attention, ms, bare_ms, ratio, len(self.times_ms))


def bare(weights: FusedWeights, n: int, chunk: int, checkpoint: Callable[[], None] = lambda: None) -> float | None:
    """Milliseconds of the products and the attention alone of n ids that are read in chunks; None with windows.

    As a prefill does, it leaves out all of the last layer but its keys and values. Attention: the faster of the usual
    kernel chunk by chunk, and torch's flash kernel over all ids at once. checkpoint: called between, may raise."""
    if n < 1 or any(window is not None and window < n for window in weights.shape.windows):
        return None
    n_full, n_rest = divmod(n, chunk)
    products_ms = n_full * _products_ms(weights, min(chunk, n)) if n_full else 0.0
    products_ms += _products_ms(weights, n_rest) if n_rest else 0.0
    checkpoint()
    chunked_ms = _chunked_attention_ms(weights, n, chunk)
    checkpoint()
    attention_ms = min(chunked_ms, _whole_attention_ms(weights, n))
    return products_ms + (len(weights.layers) - 1) * attention_ms


def _products_ms(weights: FusedWeights, n: int) -> float:
    """All products of a chunk of n ids."""
    *layers, last = weights.layers
    projections = [each for layer in layers for each in (layer.qkv, layer.out, layer.gate_up, layer.down)]
    work = [(_rows(each, n), each) for each in (*projections, last.qkv)]

    def multiply() -> None:
        for x, projection in work:
            matmul.product(x, projection)

    return _least_ms(multiply, weights.embedding.device)


def _rows(projection: Projection, n: int) -> Tensor:
    weight = projection.weight
    return torch.randn(n, weight.shape[1], device=weight.device).to(weight.dtype)


def _chunked_attention_ms(weights: FusedWeights, n: int, chunk: int) -> float:
    """One layer's attention, chunk by chunk, over keys as they lie in a cache."""
    queries, keys, values = _states(weights, n)
    scale = weights.shape.attention_scale

    def attend() -> None:
        for start in range(0, n, chunk):
            end = min(start + chunk, n)
            attention_kernels.usual(queries[..., start:end, :], keys[..., :end, :], values[..., :end, :], scale)

    return _least_ms(attend, weights.embedding.device)


def _whole_attention_ms(weights: FusedWeights, n: int) -> float:
    """One layer's attention over all ids at once, with keys repeated for every head."""
    queries, keys, values = _states(weights, n)
    n_groups = queries.shape[1] // keys.shape[1]
    keys, values = (states.repeat_interleave(n_groups, 1) for states in (keys, values))

    def attend() -> None:
        functional.scaled_dot_product_attention(
            queries, keys, values, is_causal=True, scale=weights.shape.attention_scale
        )

    return _least_ms(attend, weights.embedding.device)


def _states(weights: FusedWeights, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """Random queries, keys and values of n ids, [1, H, n, D], in memory as a forward has them."""
    shape, like = weights.shape, weights.embedding
    heads = (shape.n_heads, shape.n_kv_heads, shape.n_kv_heads)
    rows = (torch.randn(n, n_heads, shape.head_size, device=like.device).to(like.dtype) for n_heads in heads)
    queries, keys, values = (states.transpose(0, 1).unsqueeze(0) for states in rows)
    return queries, keys, values


def _least_ms(work: Callable[[], None], device: torch.device) -> float:
    """The least time of a few passes, since whatever else the machine does can only add to it."""
    times = []
    for _ in range(_N_PASSES):
        settle(device)
        started = time.perf_counter()
        work()
        settle(device)
        times.append(1e3 * (time.perf_counter() - started))
        if sum(times) > 1e3 * _ENOUGH_S:
            break
    return min(times)


def named_kernels(target: LoadedModel) -> tuple[AttentionChecked, ...]:
    """Every attention kernel and why a target cannot be read with it, without a check."""
    own, fused = (target.device, target.dtype), target.fused is not None
    return tuple(
        AttentionChecked(kernel.name, kernel.title, attention_kernels.why_not(kernel, *own, fused=fused))
        for kernel in attention_kernels.kernels()
    )


@torch.inference_mode()
def checked_kernels(
    target: LoadedModel, n_positions: int, chunk: int, checkpoint: Callable[[], None] = lambda: None
) -> tuple[AttentionChecked, ...]:
    """Every attention kernel against float64 on this machine, and the time of the last chunk of n_positions.

    checkpoint: called between, may raise."""
    checks = []
    for kernel in attention_kernels.kernels():
        checkpoint()
        checks.append(_checked(kernel, target, n_positions, chunk))
    return tuple(checks)


def _checked(kernel: AttentionKernel, target: LoadedModel, n_positions: int, chunk: int) -> AttentionChecked:
    reason = attention_kernels.why_not(kernel, target.device, target.dtype, fused=target.fused is not None)
    if reason:
        return AttentionChecked(kernel.name, kernel.title, reason)
    try:
        error = largest_error(kernel, target)
        ms = None if target.fused is None else _chunk_ms(kernel, target.fused, n_positions, min(chunk, n_positions))
    except RuntimeError as err:  # torch tells only at a call that it has no kernel for these sizes
        return AttentionChecked(kernel.name, kernel.title, str(err).strip().partition("\n")[0][:200])
    return AttentionChecked(kernel.name, kernel.title, "", error, _TOLERANCES[target.dtype], ms)


def largest_error(kernel: AttentionKernel, target: LoadedModel) -> float:
    """The largest difference of a kernel from attention in float64, in units of the values' spread."""
    config = target.model.config.get_text_config()
    n_heads = int(config.num_attention_heads)
    n_kv_heads = int(getattr(config, "num_key_value_heads", None) or n_heads)
    size = int(getattr(config, "head_dim", None) or config.hidden_size // n_heads)
    rng = torch.Generator().manual_seed(0)
    shapes = ((n_heads, _CHECKED_QUERIES), (n_kv_heads, _CHECKED_POSITIONS), (n_kv_heads, _CHECKED_POSITIONS))
    queries, keys, values = (torch.randn(1, heads, n, size, generator=rng).to(target.dtype) for heads, n in shapes)
    scale, device = size**-0.5, target.device
    expected = attention_kernels.reference(queries, keys, values, scale)
    mixed = kernel.attend(queries.to(device), keys.to(device), values.to(device), scale).double().cpu()
    return float((mixed - expected).abs().max() / expected.std())


def _chunk_ms(kernel: AttentionKernel, weights: FusedWeights, n: int, chunk: int) -> float:
    queries, keys, values = _states(weights, n)
    last = queries[..., n - chunk :, :]

    def attend() -> None:
        kernel.attend(last, keys, values, weights.shape.attention_scale)

    return _least_ms(attend, weights.embedding.device)
