"""Reads what the header of a safetensors file says of its tensors, and whether the file is whole; reads no weights.

* imports neither Qt nor torch."""

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from engine.errors import ModelError

_DTYPE_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_LONGEST = 100_000_000


class StoredTensor(NamedTuple):
    """A tensor of a file: its shape, its type by the format's name, and where its bytes end among those of all."""

    shape: tuple[int, ...]
    dtype: str
    n_bytes: int
    end: int


def read(path: Path) -> dict[str, StoredTensor]:
    """The tensors of a file by their names. Raises ModelError: damaged, or shorter or longer than its header says."""
    with _damage(path), path.open("rb") as file:
        (n_header,) = struct.unpack("<Q", file.read(8))
        if not 2 <= n_header <= _LONGEST:
            raise ValueError("bad header length")
        entries = json.loads(file.read(n_header))
        entries.pop("__metadata__", None)
        tensors = {name: _stored(entry) for name, entry in entries.items()}
        n_bytes, expected = (
            path.stat().st_size,
            8 + n_header + max((tensor.end for tensor in tensors.values()), default=0),
        )
        if n_bytes != expected:
            raise ValueError(f"{n_bytes} bytes, {expected} expected")
        return tensors


def n_parameters(path: Path) -> int:
    """The parameters in a file. Raises ModelError."""
    return sum(tensor.n_bytes // _DTYPE_BYTES.get(tensor.dtype, 2) for tensor in read(path).values())


def _stored(entry: dict[str, list[int]]) -> StoredTensor:
    start, end = entry["data_offsets"]
    return StoredTensor(tuple(map(int, entry.get("shape", ()))), str(entry["dtype"]), end - start, end)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn what a damaged file raises into ModelError."""
    try:
        yield
    except (OSError, ValueError, RecursionError, struct.error, KeyError, TypeError, AttributeError) as err:
        raise ModelError(f"{path.name} is damaged or incomplete ({err})", "download or copy the file again") from err
