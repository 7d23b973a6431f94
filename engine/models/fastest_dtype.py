"""Measures once which number type multiplies a model's matrices fastest on this processor, and keeps the result.

Only the sizes of matrices count, not their values; work of decoding other than matrix products is not measured."""

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

from engine.fast import matmul, packing
from engine.fast.row_form import row_form
from engine.fast.weights import Projection
from engine.machine import paths, versions
from engine.machine.other_work import OtherWork
from engine.models import devices

Kind: TypeAlias = Literal["float32", "bfloat16"]
_KINDS: dict[Kind, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_NAMES: dict[torch.dtype, Literal["float32", "bfloat16", "float16"]] = {
    torch.float32: "float32", torch.bfloat16: "bfloat16", torch.float16: "float16",
}  # fmt: skip
_ROWS = (1, 5)
_N_PASSES = 15
_LEAST_GAIN = 0.1
_MAX_NUMBERS = 256 << 20
# What a load under `auto` may spend on knowing whether bfloat16 is worth an offer: a fraction of a second.
_QUICK_NUMBERS, _QUICK_PASSES = 24 << 20, 5
_LEAST_OFFERED = 16 << 20
_FOLDER, _QUICK_FOLDER = "number-types-3", "number-types-quick-2"


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
    """A number type and why it was chosen."""

    dtype: Literal["float32", "bfloat16", "float16"]
    why: str


def choose(config: PreTrainedConfig, device: torch.device, *, measure: bool) -> DtypeChoice:
    """The fastest type for a model of this configuration; without `measure` only an earlier measurement counts."""
    if device.type != "cpu":
        dtype = devices.parse_dtype("auto", device)
        return DtypeChoice(_NAMES[dtype], f"on this GPU the fastest is {_NAMES[dtype]}, as auto; nothing was measured")
    matrices = matrices_of(config)
    if matrices is None:
        return DtypeChoice("float32", f"the matrices of {config.model_type} models are not known; nothing was measured")
    path = _file_of(matrices, _FOLDER)
    measurement = read(path)
    if measurement is None and not measure:
        return DtypeChoice("float32", "not measured yet")
    if measurement is None:
        measurement = measured(matrices)
        _save(path, measurement)
    return judged(measurement)


def offer(config: PreTrainedConfig, device: torch.device) -> str:
    """What bfloat16 would gain over the float32 that `auto` means on a CPU, and what it would change.

    Empty where it gains too little, or the model is too small to be worth it. A full measurement counts where there is
    one, else a short one, once; none while other programs compute."""
    matrices = matrices_of(config)
    if device.type != "cpu" or matrices is None or n_numbers(matrices) < _LEAST_OFFERED:
        return ""
    path = _file_of(matrices, _QUICK_FOLDER)
    measurement = read(_file_of(matrices, _FOLDER)) or read(path)
    if measurement is None:
        watch = OtherWork()
        measurement = measured(matrices, most_numbers=_QUICK_NUMBERS, n_passes=_QUICK_PASSES)
        share = watch.ended()
        if share is not None and share.disturbs(torch.get_num_threads()):
            return ""
        _save(path, measurement)
    choice = judged(measurement)
    if choice.dtype == "float32":
        return ""
    return (
        f"bfloat16 would be faster ({choice.why}): choose it, or fastest, as the number type. Its texts are exactly "
        "those of the model in bfloat16, which may differ from those in float32 where two tokens are almost as likely"
    )


def n_numbers(matrices: Matrices) -> int:
    """How many numbers the matrices of all layers and the head hold."""
    in_layer = sum(n_out * n_in for n_out, n_in in matrices.layer)
    return matrices.n_layers * in_layer + matrices.head[0] * matrices.head[1]


def judged(measurement: Measurement) -> DtypeChoice:
    """float32 unless bfloat16 takes at least a tenth less time, over one id and several together."""
    float32_ms, bfloat16_ms = sum(measurement.ms["float32"]), sum(measurement.ms["bfloat16"])
    gain = 1 - bfloat16_ms / float32_ms
    sizes = " and ".join(map(str, measurement.rows))
    times = f"{float32_ms:.2f} ms in float32, {bfloat16_ms:.2f} in bfloat16, matrix products over {sizes} ids"
    if gain >= _LEAST_GAIN:
        return DtypeChoice("bfloat16", f"{times}: {gain:.0%} less")
    return DtypeChoice("float32", f"{times}: not a tenth less")


def matrices_of(config: PreTrainedConfig) -> Matrices | None:
    """The matrices of a Llama-like model, joined as the fused forward joins them; None for other models."""
    text_config = config.get_text_config()
    names = ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "vocab_size")
    numbers = [number for name in names if isinstance(number := getattr(text_config, name, None), int)]
    if len(numbers) < len(names):
        return None
    hidden, intermediate, n_heads, n_layers, n_entries = numbers
    head = int(getattr(text_config, "head_dim", None) or hidden // n_heads)
    n_kv = int(getattr(text_config, "num_key_value_heads", None) or n_heads)
    layer = (
        ((n_heads + 2 * n_kv) * head, hidden),
        (hidden, n_heads * head),
        (2 * intermediate, hidden),
        (hidden, intermediate),
    )
    return Matrices(layer, n_layers, (n_entries, hidden))


@torch.inference_mode()
def measured(matrices: Matrices, *, most_numbers: int = _MAX_NUMBERS, n_passes: int = _N_PASSES) -> Measurement:
    """Time the products of a step, one type in memory at a time; the least time of each: other programs only ever add.

    Of a large model only some layers and some of the head's rows are created; each is scaled up on its own."""
    numbers_a_layer = sum(n_out * n_in for n_out, n_in in matrices.layer)
    n_layers = max(1, min(matrices.n_layers, most_numbers // numbers_a_layer))
    n_out, n_in = matrices.head
    n_rows = max(1, min(n_out, most_numbers // n_in))
    scales = matrices.n_layers / n_layers, n_out / n_rows
    ms = {}
    for kind, dtype in _KINDS.items():
        layers = [torch.full(size, 0.01, dtype=dtype) for size in matrices.layer * n_layers]
        head = torch.full((n_rows, n_in), 0.01, dtype=dtype)
        ms[kind] = tuple(_least_ms((layers, [head]), n, scales, n_passes=n_passes) for n in _ROWS)
        del layers, head  # before those of the next type are made
    return Measurement(_ROWS, ms)


def _least_ms(
    parts: Sequence[Sequence[Tensor]], n: int, scales: Sequence[float], *, n_passes: int = _N_PASSES
) -> float:
    """Milliseconds over n ids: the least time of each part times its scale; each pass reads all parts in turn."""
    n_bytes = sum(weight.nbytes for part in parts for weight in part)
    streamed = matmul.may_stream_from(parts[0][0], n_bytes) and row_form([*parts[0], *parts[1]]) == "streamed"
    like = parts[0][0]
    packs = packing.packs(like.dtype, like.device, n_bytes, devices.free_bytes(like.device))
    steps = [_step(part, n, streamed=streamed, packs=packs) for part in parts]
    times_of_parts: list[list[float]] = [[] for _ in parts]
    for _ in range(n_passes):
        for step, times in zip(steps, times_of_parts, strict=True):
            started = time.perf_counter()
            step()
            times.append(1e3 * (time.perf_counter() - started))
    return sum(scale * min(times) for scale, times in zip(scales, times_of_parts, strict=True))


def read(path: Path) -> Measurement | None:
    """The saved measurement; None if there is none, or the file is damaged."""
    try:
        measurement = msgspec.json.decode(path.read_bytes(), type=Measurement)
    except (OSError, msgspec.DecodeError):
        return None
    is_complete = measurement.ms.keys() == _KINDS.keys() and all(
        len(times) == len(_ROWS) and min(times) > 0 for times in measurement.ms.values()
    )
    return measurement if is_complete and measurement.rows == _ROWS else None


def _step(weights: Sequence[Tensor], n: int, *, streamed: bool, packs: bool) -> Callable[[], None]:
    """Some products of a step over n ids, in the form that decoding would choose."""
    multiply = matmul.streamed_product if streamed else matmul.product
    whole = [Projection(weight, None) for weight in weights]
    projections = [packing.packed(projection) for projection in whole] if packs else whole
    operands = [
        (torch.randn(max(n, 2) if streamed else n, each.weight.shape[1]).to(each.weight.dtype), each)
        for each in projections
    ]

    def step() -> None:
        """One step."""
        for x, projection in operands:
            multiply(x, projection)

    return step


def _file_of(matrices: Matrices, folder: str) -> Path:
    """The file of a measurement: another processor, torch, number of threads or shape has another file."""
    key = (versions.processor(torch.device("cpu")), torch.__version__, torch.get_num_threads(), matrices)
    return paths.user_cache() / folder / f"{hashlib.sha256(repr(key).encode()).hexdigest()[:24]}.json"


def _save(path: Path, measurement: Measurement) -> None:
    """Keep a measurement; without a file it is made again the next time."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(msgspec.json.encode(measurement))
        unfinished.replace(path)
