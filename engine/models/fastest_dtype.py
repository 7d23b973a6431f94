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

from engine.fast import matmul
from engine.fast.weights import Projection
from engine.machine import paths, versions
from engine.models import devices

Kind: TypeAlias = Literal["float32", "bfloat16"]
_KINDS: dict[Kind, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_NAMES: dict[torch.dtype, Literal["float32", "bfloat16", "float16"]] = {
    torch.float32: "float32", torch.bfloat16: "bfloat16", torch.float16: "float16",
}  # fmt: skip
_ROWS = (1, 5)
_N_PASSES = 15
_LEAST_GAIN = 0.1
_MOST_NUMBERS = 256 << 20


class Matrices(NamedTuple):
    """Sizes (n_out, n_in) of the matrices of one layer, how many layers there are, and the size of the head."""

    layer: tuple[tuple[int, int], ...]
    n_layers: int
    head: tuple[int, int]


class Measurement(msgspec.Struct, frozen=True):
    """Milliseconds of the matrix products of a step over each of `rows` ids, by number type."""

    rows: tuple[int, ...]
    ms: dict[Kind, tuple[float, ...]]


class DtypeChoice(NamedTuple):
    """A number type and why it was taken."""

    dtype: Literal["float32", "bfloat16", "float16"]
    why: str


def choose(config: PreTrainedConfig, device: torch.device, *, measure: bool) -> DtypeChoice:
    """The fastest type for a model of this configuration; without `measure` only what was measured before counts."""
    if device.type != "cpu":
        kind = devices.parse_dtype("auto", device)
        return DtypeChoice(_NAMES[kind], f"on this GPU the fastest is {_NAMES[kind]}, as auto; nothing was measured")
    matrices = matrices_of(config)
    if matrices is None:
        return DtypeChoice("float32", f"the matrices of {config.model_type} models are not known; nothing was measured")
    kept = _place(matrices)
    found = read(kept)
    if found is None and not measure:
        return DtypeChoice("float32", "not measured yet")
    if found is None:
        found = measured(matrices)
        with suppress(OSError):  # where it cannot be kept it is measured again the next time
            _keep(kept, found)
    return judged(found)


def judged(found: Measurement) -> DtypeChoice:
    """float32 unless bfloat16 takes at least a tenth less time, over one id and several together."""
    whole, half = sum(found.ms["float32"]), sum(found.ms["bfloat16"])
    gain = 1 - half / whole
    sizes = " and ".join(map(str, found.rows))
    times = f"{whole:.2f} ms in float32, {half:.2f} in bfloat16, matrix products over {sizes} ids"
    if gain >= _LEAST_GAIN:
        return DtypeChoice("bfloat16", f"{times}: {gain:.0%} less")
    return DtypeChoice("float32", f"{times}: not a tenth less")


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
    """Time the products of a step, one type in memory at a time, the least time of each: other programs only ever add.

    Of a large model some layers and some of the head's rows are made; each stands for its own kind alone."""
    numbers_a_layer = sum(n_out * n_in for n_out, n_in in matrices.layer)
    n_layers = max(1, min(matrices.n_layers, _MOST_NUMBERS // numbers_a_layer))
    n_out, n_in = matrices.head
    n_rows = max(1, min(n_out, _MOST_NUMBERS // n_in))
    scales = matrices.n_layers / n_layers, n_out / n_rows
    ms = {}
    for kind, dtype in _KINDS.items():
        layers = [torch.full(size, 0.01, dtype=dtype) for size in matrices.layer * n_layers]
        head = torch.full((n_rows, n_in), 0.01, dtype=dtype)
        ms[kind] = tuple(_least_ms((layers, [head]), n, scales) for n in _ROWS)
        del layers, head  # before those of the next type are made
    return Measurement(_ROWS, ms)


def _least_ms(parts: Sequence[Sequence[Tensor]], n: int, scales: Sequence[float]) -> float:
    """Milliseconds over n ids: the least time of each part, which all passes read in turns, times its scale."""
    n_bytes = sum(weight.nbytes for part in parts for weight in part)
    steps = [_step(part, n, n_bytes) for part in parts]
    taken: list[list[float]] = [[] for _ in parts]
    for _ in range(_N_PASSES):
        for step, times in zip(steps, taken, strict=True):
            started = time.perf_counter()
            step()
            times.append(1e3 * (time.perf_counter() - started))
    return sum(scale * min(times) for scale, times in zip(scales, taken, strict=True))


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


def _step(weights: Sequence[Tensor], n: int, n_bytes: int) -> Callable[[], None]:
    """Some products of a step over n ids, in the form that decoding uses where it reads n_bytes of matrices."""
    streamed = matmul.streams_from(weights[0], n_bytes)
    multiply = matmul.streamed_product if streamed else matmul.product
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
    known = (versions.processor(torch.device("cpu")), torch.__version__, torch.get_num_threads(), matrices)
    return paths.user_cache() / "number-types-2" / f"{hashlib.sha256(repr(known).encode()).hexdigest()[:24]}.json"


def _keep(kept: Path, found: Measurement) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".part")
    unfinished.write_bytes(msgspec.json.encode(found))
    unfinished.replace(kept)
