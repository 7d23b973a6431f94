"""Which number type multiplies a model's matrices fastest on this processor; measured once, kept, never guessed.

Knows the sizes of matrices, not their numbers; what decoding does beside its matrix products is not in the measure."""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import msgspec
import torch
from torch import Tensor
from transformers import PreTrainedConfig

from engine import machine, paths
from engine.fast import products
from engine.fast.weights import Projection

Kind: TypeAlias = Literal["float32", "bfloat16"]
_KINDS: dict[Kind, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_ROWS = (1, 5)
_N_PASSES = 15
_LEAST_GAIN = 0.1
_MOST_NUMBERS = 64 << 20


class Matrices(NamedTuple):
    """Sizes (n_out, n_in) of the matrices of one layer, how many layers there are, and the size of the head."""

    layer: tuple[tuple[int, int], ...]
    n_layers: int
    head: tuple[int, int]


class Measurement(msgspec.Struct, frozen=True):
    """Milliseconds of the matrix products of a step over each of `rows` ids, by number type."""

    rows: tuple[int, ...]
    ms: dict[Kind, tuple[float, ...]]


class Choice(NamedTuple):
    """A number type and why it was taken."""

    dtype: Kind
    why: str


def choose(config: PreTrainedConfig, device: torch.device, *, measure: bool) -> Choice:
    """The fastest type for a model of this configuration; without `measure` only what was measured before counts."""
    if device.type != "cpu":
        return Choice("bfloat16", "on a GPU the fastest is bfloat16, as auto; nothing was measured")
    matrices = matrices_of(config)
    if matrices is None:
        return Choice("float32", f"the matrices of {config.model_type} models are not known; nothing was measured")
    kept = _place(matrices)
    found = read(kept)
    if found is None and not measure:
        return Choice("float32", "not measured yet")
    if found is None:
        found = measured(matrices)
        with suppress(OSError):  # where it cannot be kept it is measured again the next time
            _keep(kept, found)
    return judged(found)


def judged(found: Measurement) -> Choice:
    """float32 unless bfloat16 takes at least a tenth less time, over one id and several together."""
    whole, half = sum(found.ms["float32"]), sum(found.ms["bfloat16"])
    gain = 1 - half / whole
    sizes = " and ".join(map(str, found.rows))
    times = f"{whole:.2f} ms in float32, {half:.2f} in bfloat16, matrix products over {sizes} ids"
    if gain >= _LEAST_GAIN:
        return Choice("bfloat16", f"{times}: {gain:.0%} less")
    return Choice("float32", f"{times}: not a tenth less")


def matrices_of(config: PreTrainedConfig) -> Matrices | None:
    """The matrices of a Llama-like model, joined as the fused forward joins them; None where there are others."""
    text = config.get_text_config()
    names = ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "vocab_size")
    numbers = [number for name in names if isinstance(number := getattr(text, name, None), int)]
    if len(numbers) < len(names):
        return None
    hidden, inner, n_heads, n_layers, n_entries = numbers
    head = int(getattr(text, "head_dim", None) or hidden // n_heads)
    n_kv = int(getattr(text, "num_key_value_heads", None) or n_heads)
    joined = ((n_heads + 2 * n_kv) * head, hidden), (hidden, n_heads * head), (2 * inner, hidden), (hidden, inner)
    return Matrices(joined, n_layers, (n_entries, hidden))


@torch.inference_mode()
def measured(matrices: Matrices) -> Measurement:
    """Time the products of a step in every type, in turns, the least time of each: other programs only ever add.

    Of a large model as many layers are made as stand for the rest."""
    numbers_a_layer = sum(n_out * n_in for n_out, n_in in matrices.layer)
    n_layers = max(1, min(matrices.n_layers, _MOST_NUMBERS // numbers_a_layer))
    sizes = [*matrices.layer * n_layers, matrices.head]
    steps = {
        (kind, n): _step([torch.randn(size).to(dtype) for size in sizes], n)
        for kind, dtype in _KINDS.items()
        for n in _ROWS
    }
    taken: dict[tuple[Kind, int], list[float]] = {key: [] for key in steps}
    for _ in range(_N_PASSES):
        for key, step in steps.items():
            started = time.perf_counter()
            step()
            taken[key].append(1e3 * (time.perf_counter() - started))
    scale = matrices.n_layers / n_layers
    return Measurement(_ROWS, {kind: tuple(scale * min(taken[kind, n]) for n in _ROWS) for kind in _KINDS})


def read(kept: Path) -> Measurement | None:
    """What was measured before; None where nothing was, or the file is damaged."""
    try:
        found = msgspec.json.decode(kept.read_bytes(), type=Measurement)
    except (OSError, msgspec.DecodeError):
        return None
    whole = found.ms.keys() == _KINDS.keys() and all(
        len(of_kind) == len(_ROWS) and min(of_kind) > 0 for of_kind in found.ms.values()
    )
    return found if whole and found.rows == _ROWS else None


def _step(weights: Sequence[Tensor], n: int) -> Callable[[], None]:
    """All products of a step over n ids, in the form that decoding uses."""
    first = weights[0]
    streamed = products.streams_from(first, sum(weight.nbytes for weight in weights))
    multiply = products.streamed_product if streamed else products.product
    work = [
        (torch.randn(max(n, 2) if streamed else n, weight.shape[1]).to(weight.dtype), Projection(weight, None))
        for weight in weights
    ]

    def step() -> None:
        """One step."""
        for x, by in work:
            multiply(x, by)

    return step


def _place(matrices: Matrices) -> Path:
    """The file of a measurement: another processor, torch, number of threads or shape is another file."""
    known = (machine.processor(), torch.__version__, torch.get_num_threads(), matrices)
    return paths.user_cache() / "number-types" / f"{hashlib.sha256(repr(known).encode()).hexdigest()[:24]}.json"


def _keep(kept: Path, found: Measurement) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".part")
    unfinished.write_bytes(msgspec.json.encode(found))
    unfinished.replace(kept)
