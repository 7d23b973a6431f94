"""Says whether a GGUF file can be converted, and what that takes: time, disk and memory; reads its header only.

* imports neither Qt nor torch."""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import psutil

from engine.errors import InputError, ModelError
from engine.events import ConversionStarted
from engine.machine import paths
from engine.models.gguf import families, header, pre_tokenizers
from engine.models.gguf.header import GgufHeader

StoredType: TypeAlias = Literal["float32", "bfloat16", "float16"]
# Measured on two threads: importing the libraries, and values a second, read and written.
_START_S, _VALUES_PER_S = 12.0, 12e6
# The tokenizer's files; what libraries take in memory.
_TOKENIZER_BYTES, _LIBRARY_BYTES = 40_000_000, 700_000_000
# Where float32 would take more, what is rounded is far less than what quantising has lost.
_MOST_BYTES_AS_FLOAT32 = 8 * 2**30
_ITEM_BYTES: dict[StoredType, int] = {"float32": 4, "bfloat16": 2, "float16": 2}


class ConversionPlan(NamedTuple):
    """What converting a file takes: the type it is stored in, disk, memory, time."""

    header: GgufHeader
    dtype: StoredType
    disk_bytes: int
    memory_bytes: int
    seconds: float


def root() -> Path:
    """The folder of all that was converted."""
    return paths.user_cache() / "gguf"


def check(spec: str) -> GgufHeader:
    """The header of a file that can be converted. Raises InputError, ModelError: it cannot be."""
    source = header.read(spec)
    families.configuration(source)
    kind = source.text("tokenizer.ggml.model")
    if kind not in ("gpt2", "llama"):
        reason = f"{source.path.name}: its kind of tokenizer, {kind!r:.40}, is not known here"
        raise ModelError(reason, "use the model's safetensors folder instead")
    if kind == "gpt2":
        pre_tokenizers.find(source.text("tokenizer.ggml.pre"), source.path.name)
    return source


def plan(source: GgufHeader) -> ConversionPlan:
    """What converting a file takes. Raises InputError without the package that reads quantised values."""
    if find_spec("gguf") is None:
        raise InputError(f"{source.path.name} needs the package gguf", 'install it: pip install "draftscope[gguf]"')
    dtype = _stored_type(source)
    n_bytes = source.n_values * _ITEM_BYTES[dtype]
    largest = 4 * max(tensor.n_values for tensor in source.tensors)
    # transformers holds all values twice for a moment, and one tensor more while it is unpacked.
    memory_bytes = 2 * n_bytes + 2 * largest + _LIBRARY_BYTES
    seconds = _START_S + source.n_values / _VALUES_PER_S
    return ConversionPlan(source, dtype, n_bytes + _TOKENIZER_BYTES, memory_bytes, seconds)


def started(work: ConversionPlan) -> ConversionStarted:
    """The event that says what a conversion takes, before it is done."""
    file, folder = str(work.header.path), str(root())
    return ConversionStarted(file, folder, work.dtype, work.disk_bytes, work.memory_bytes, work.seconds)


def refuse_too_large(work: ConversionPlan) -> None:
    """Raises InputError if the disk or the memory does not hold what a conversion takes."""
    place = next(folder for folder in (root(), *root().parents) if folder.exists())
    free, name = shutil.disk_usage(place).free, work.header.path.name
    if work.disk_bytes > free:
        reason = f"converting {name} takes {_gib(work.disk_bytes)} on disk, {_gib(free)} are free in {place}"
        raise InputError(reason, "free some, or set XDG_CACHE_HOME to a folder on another disk")
    if work.memory_bytes > (available := psutil.virtual_memory().available):
        reason = f"converting {name} takes {_gib(work.memory_bytes)} of memory, {_gib(available)} are free"
        raise InputError(reason, "close other programs, or use the model's safetensors folder")


def _stored_type(source: GgufHeader) -> StoredType:
    """The smallest type that loses nothing of the file; where that takes too much, bfloat16."""
    names = {tensor.type.name for tensor in source.tensors if len(tensor.shape) > 1}
    if names == {"BF16"}:
        return "bfloat16"
    if names == {"F16"}:
        return "float16"
    return "float32" if source.n_values * 4 <= _MOST_BYTES_AS_FLOAT32 else "bfloat16"


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.1f} GiB"
