"""Loops over memory that numba compiles, for what lies between a layer's matrix products.

Importing this module imports numba: import it only where numba is installed. The first use on a machine compiles for
some seconds; the compiled code is kept in the user's cache folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from pickle import PickleError
from typing import NamedTuple, TypeVar

import numba
import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from engine.machine import paths

Floats = NDArray[np.float32]
Loop = TypeVar("Loop", bound=Callable[..., object])
# None of these options assumes that NaN and infinity cannot occur: a model that computes them must be detected.
_LOOSE = {"contract", "reassoc", "nsz"}
_OPTIONS = {"nogil": True, "fastmath": _LOOSE, "error_model": "numpy"}
# What numba raises without a folder to write, on a full disk, and for an index or code that is damaged.
_CACHE_FAULTS = (RuntimeError, OSError, EOFError, ValueError, LookupError, AttributeError, ImportError, PickleError)
_LOG2_E, _LN2_HIGH, _LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
_LEAST, _MOST = np.float32(-87.0), np.float32(88.0)
_TAYLOR = tuple(map(np.float32, (1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1.0, 1.0)))
_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_GELU_SCALE, _GELU_CUBIC = np.float32(2 * (2 / np.pi) ** 0.5), np.float32(0.044715)
_GATE_EPSILON = np.float32(1e-6)
_BIAS, _SHIFT = np.int32(127), np.int32(23)


def _inner(fastmath: set[str]) -> Callable[[Loop], Loop]:
    """A loop that is compiled as part of its caller."""
    marked: Callable[[Loop], Loop] = register_jitable(fastmath=fastmath)
    return marked


class Kernels(NamedTuple):
    """The functions of this module, compiled."""

    add_normed: Callable[..., None]
    norm_rows: Callable[..., None]
    attend: Callable[..., None]
    gate: Callable[..., None]
    gate_gelu: Callable[..., None]
    multiply_int8: Callable[..., None]


@cache
def compiled() -> Kernels:
    """Compile the loops, or load them from the cache."""
    with _cache_folder():
        return Kernels(
            _compiled(add_normed, "void(f4[:,::1], f4[:,:], f4, f4[::1], f4, f4[:,::1])"),
            _compiled(norm_rows, "void(f4[:,:], f4[::1], f4)"),
            _compiled(
                attend,
                "void(f4[:,:], f4[:,::1], f4, f4[:,::1], f4[:,::1], i8[::1], b1[:,::1], i8, i8, "
                "f4[:,:,::1], f4[:,:,::1], f4, f4[:,::1], f4[:,::1])",
            ),
            _compiled(gate, "void(f4[:,:], f4[:,::1], f4[:,::1])"),
            _compiled(gate_gelu, "void(f4[:,:], f4[:,::1], f4[:,::1])"),
            _compiled(multiply_int8, "void(f4[:,::1], i1[:,::1], f4[::1], f4[:,::1])"),
        )


@cache
def compiled_gate() -> Callable[..., tuple[int, float]]:
    """`gated_choice`, compiled or loaded from the cache; only gates need it."""
    with _cache_folder():
        return _compiled(gated_choice, "Tuple((i8, f4))(f4[::1], f4[::1], f4[::1], f4, f4, f4[:,::1])")


@contextmanager
def _cache_folder() -> Iterator[None]:
    """Have numba keep compiled code in the user's folder alone.

    In place of a folder that it cannot write, it would otherwise take one beside this file, in the installation."""
    config = numba.config
    before = config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES
    config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = config.CACHE_DIR or str(_folder()), "UserProvidedCacheLocator"
    try:
        yield
    finally:
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = before


def _folder() -> Path:
    return paths.user_cache() / "kernels"


def _compiled(function: Loop, signature: str) -> Loop:
    """The compiled loop, from the cache if it is there; one that is unwritable, full or damaged is done without."""
    try:
        loop: Loop = numba.njit(signature, cache=True, **_OPTIONS)(function)
    except _CACHE_FAULTS:
        loop = numba.njit(signature, **_OPTIONS)(function)
    return loop


def add_normed(hidden: Floats, product: Floats, factor: float, scaled: Floats, floor: float, out: Floats) -> None:
    """Add factor * product to hidden, [n, d] each, and write its root-mean-square norm to `out` [n, d].

    scaled: [d], weights times sqrt(d); floor: d times epsilon."""
    n, d = hidden.shape
    for i in range(n):
        total = floor
        for j in range(d):
            h = hidden[i, j] + factor * product[i, j]
            hidden[i, j] = h
            total += h * h
        inverse_length = _ONE / np.sqrt(total)
        for j in range(d):
            out[i, j] = hidden[i, j] * inverse_length * scaled[j]


def gated_choice(
    logits: Floats, state: Floats, weights: Floats, log_q: float, bias: float, scratch: Floats
) -> tuple[int, float]:
    """The token with the largest logit, and what a linear gate makes of it: a logit of its own.

    logits: [V]; state, weights: [width], both empty for a gate without states; log_q: the weight of the logarithm of
    the token's probability; scratch: [2, V or more]. The state counts divided by its root mean square."""
    n, best = logits.shape[0], 0
    for i in range(1, n):
        if logits[i] > logits[best]:
            best = i
    shifted, total = scratch[0, :n], _ZERO
    for i in range(n):
        shifted[i] = logits[i] - logits[best]
    _exp(shifted, scratch[1, :n])
    for i in range(n):
        total += shifted[i]
    z = bias - log_q * np.log(total)
    width, product, squares = state.shape[0], _ZERO, _ZERO
    for j in range(width):
        product += weights[j] * state[j]
        squares += state[j] * state[j]
    if width:
        z += product / np.sqrt(squares / width + _GATE_EPSILON)
    return best, z


def multiply_int8(x: Floats, numbers: NDArray[np.int8], scales: Floats, out: Floats) -> None:
    """Write x times the rows of a matrix of int8, each times its scale, to `out` [n, n_out].

    x: [n, n_in]; numbers: [n_out, n_in]; scales: [n_out]. Each row of the matrix is read from memory once."""
    n, n_in = x.shape
    row = np.empty(n_in, np.float32)
    for i in range(numbers.shape[0]):
        if n == 1:
            out[0, i] = _product_with_int8(x[0], numbers[i]) * scales[i]
            continue
        for j in range(n_in):
            row[j] = numbers[i, j]
        for k in range(n):
            total = _ZERO
            for j in range(n_in):
                total += x[k, j] * row[j]
            out[k, i] = total * scales[i]


@_inner(_LOOSE)
def _product_with_int8(x: Floats, numbers: NDArray[np.int8]) -> np.float32:
    total = _ZERO
    for j in range(x.shape[0]):
        total += x[j] * np.float32(numbers[j])
    return total


def norm_rows(x: Floats, scaled: Floats, floor: float) -> None:
    """Root-mean-square norm of x [n, d], in place. scaled: [d], weights times sqrt(d); floor: d times epsilon."""
    n, d = x.shape
    for i in range(n):
        total = floor
        for j in range(d):
            total += x[i, j] * x[i, j]
        inverse_length = _ONE / np.sqrt(total)
        for j in range(d):
            x[i, j] *= inverse_length * scaled[j]


def gate(gate_up: Floats, out: Floats, scratch: Floats) -> None:
    """Write silu(gate) * up to `out` [n, d]; gate_up: [n, 2 d], gates first; scratch: [2, d or more]."""
    n, d = out.shape
    negated = scratch[0, :d]
    for i in range(n):
        for j in range(d):
            negated[j] = -gate_up[i, j]
        _exp(negated, scratch[1, :d])
        for j in range(d):
            out[i, j] = gate_up[i, j] / (_ONE + negated[j]) * gate_up[i, d + j]


def gate_gelu(gate_up: Floats, out: Floats, scratch: Floats) -> None:
    """`gate` with gelu by its tanh formula, which is x times the logistic function of 2 sqrt(2 / pi) (x + c x^3)."""
    n, d = out.shape
    negated = scratch[0, :d]
    for i in range(n):
        for j in range(d):
            x = gate_up[i, j]
            negated[j] = -_GELU_SCALE * (x + _GELU_CUBIC * x * x * x)
        _exp(negated, scratch[1, :d])
        for j in range(d):
            out[i, j] = gate_up[i, j] / (_ONE + negated[j]) * gate_up[i, d + j]


def attend(
    qkv: Floats,
    norms: Floats,
    floor: float,
    cos: Floats,
    sin: Floats,
    positions: NDArray[np.int64],
    visible: NDArray[np.bool_],
    start: int,
    window: int,
    keys: Floats,
    values: Floats,
    scale: float,
    out: Floats,
    scratch: Floats,
) -> None:
    """Attention of n new ids that follow `start` others; their keys and values join the cache.

    qkv: [n, (H + 2 H_kv) D], queries, keys, values; heads are normalised and rotated in place. norms: [H + H_kv, D]
    weights times sqrt(D), no rows where heads are not normalised; floor: D times epsilon. cos, sin: [capacity, D / 2].
    positions: [m + n], of the new ids and, before them, of the last m cached ids, as far as not all attend to these;
    visible: [n, m + n], which of them each attends to; window: how many positions each attends to, itself included.
    keys, values: [capacity, H_kv, D]. out: [n, H D]. scratch: [2, start + n or more]."""
    n, n_kv, size = out.shape[0], keys.shape[1], keys.shape[2]
    n_heads, n_near = out.shape[1] // size, visible.shape[1]
    n_before = n_near - n
    near = start - n_before
    for i in range(n):
        _norm_heads(qkv[i], norms, floor)
        position = positions[n_before + i]
        _rotate_heads(qkv[i], cos[position], sin[position], n_heads + n_kv)
        for head in range(n_kv):
            own, other = (n_heads + head) * size, (n_heads + n_kv + head) * size
            for j in range(size):
                keys[start + i, head, j] = qkv[i, own + j]
                values[start + i, head, j] = qkv[i, other + j]
    for i in range(n):
        hidden_up_to = positions[n_before + i] - window
        first = min(near, max(0, hidden_up_to + 1))
        for head in range(n_heads):
            kv_head = head // (n_heads // n_kv)
            mixed = out[i, head * size : (head + 1) * size]
            for j in range(size):
                mixed[j] = qkv[i, head * size + j] * scale
            weights = scratch[0, : start + n - first]
            _score(mixed, keys, kv_head, first, weights)
            for other in range(n_near):
                if not visible[i, other] or positions[other] <= hidden_up_to:
                    weights[near + other - first] = -np.inf
            _softmax(weights, scratch[1])
            _mix(weights, values, kv_head, first, mixed)


@_inner(_LOOSE)
def _norm_heads(row: Floats, norms: Floats, floor: float) -> None:
    n, size = norms.shape
    for head in range(n):
        total = floor
        for j in range(size):
            total += row[head * size + j] * row[head * size + j]
        inverse_length = _ONE / np.sqrt(total)
        for j in range(size):
            row[head * size + j] *= inverse_length * norms[head, j]


@_inner(_LOOSE)
def _rotate_heads(row: Floats, cos: Floats, sin: Floats, n: int) -> None:
    half = cos.shape[0]
    for head in range(n):
        left, right = 2 * head * half, (2 * head + 1) * half
        for j in range(half):
            x, y = row[left + j], row[right + j]
            row[left + j] = x * cos[j] - y * sin[j]
            row[right + j] = y * cos[j] + x * sin[j]


@_inner(_LOOSE)
def _score(query: Floats, keys: Floats, head: int, first: int, scores: Floats) -> None:
    for position in range(scores.shape[0]):
        key = keys[first + position, head]
        score = _ZERO
        for j in range(query.shape[0]):
            score += query[j] * key[j]
        scores[position] = score


@_inner(_LOOSE)
def _softmax(scores: Floats, scratch: Floats) -> None:
    """Softmax in place; scratch: as many values or more."""
    n = scores.shape[0]
    largest = scores[0]
    for i in range(1, n):
        largest = max(largest, scores[i])
    for i in range(n):
        scores[i] -= largest
    _exp(scores, scratch[:n])
    total = _ZERO
    for i in range(n):
        total += scores[i]
    inverse_total = _ONE / total
    for i in range(n):
        scores[i] *= inverse_total


@_inner(_LOOSE)
def _mix(weights: Floats, values: Floats, head: int, first: int, mixed: Floats) -> None:
    for j in range(mixed.shape[0]):
        mixed[j] = _ZERO
    for position in range(weights.shape[0]):
        value, weight = values[first + position, head], weights[position]
        for j in range(mixed.shape[0]):
            mixed[j] += weight * value[j]


@_inner({"contract"})
def _exp(x: Floats, scratch: Floats) -> None:
    """Exponential in place; scratch: as many values. Zero below the least normal number; NaN stays NaN.

    e^x = 2^k e^r with |r| <= ln 2 / 2: a series, and a power of two built from its bits. Library calls would take
    several times as long, since a loop that contains a call handles one value at a time."""
    bits = scratch.view(np.int32)
    for i in range(x.shape[0]):
        # Both are x clamped to the range; the comparisons turn NaN into _LEAST in `finite` and keep it in `clamped`.
        finite = x[i] if x[i] > _LEAST else _LEAST
        finite = finite if finite < _MOST else _MOST
        k = np.floor(finite * _LOG2_E + _HALF)
        bits[i] = (np.int32(k) + _BIAS) << _SHIFT if x[i] > _LEAST else np.int32(0)
        clamped = _LEAST if x[i] < _LEAST else x[i]
        clamped = _MOST if clamped > _MOST else clamped
        r = (clamped - k * _LN2_HIGH) - k * _LN2_LOW
        series = _TAYLOR[0]
        for term in _TAYLOR[1:]:
            series = series * r + term
        x[i] = series
    for i in range(x.shape[0]):
        x[i] *= scratch[i]
