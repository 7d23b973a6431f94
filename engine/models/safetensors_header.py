"""Reads the header of a safetensors file and checks it against the file's length; reads no weights.

* imports neither Qt nor torch."""

import math
import struct
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.errors import ModelError
from engine.machine.file_kinds import why_irregular

_LENGTH = struct.Struct("<Q")
# As safetensors itself has it.
_MOST_HEADER_BYTES = 100_000_000
# The largest models have some 150,000.
_MOST_TENSORS = 2_000_000
_DTYPE_BITS = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16,
    "U16": 16, "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F6_E2M3": 6, "F6_E3M2": 6,
    "F4": 4,
}  # fmt: skip


class _Entry(msgspec.Struct, frozen=True):
    """A tensor: its type, its shape, and the bytes that it takes after the header."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]

    @property
    def n_values(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


class TensorCounts(NamedTuple):
    """What a file, or the files of a checkpoint, hold."""

    n_tensors: int
    n_parameters: int


def read_counts(path: Path) -> TensorCounts:
    """Count a file's tensors and parameters. Raises ModelError: damaged, incomplete, or no regular file."""
    entries = _read(path).values()
    return TensorCounts(len(entries), sum(entry.n_values for entry in entries))


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of a file's tensors by their names. Raises ModelError as `read_counts`."""
    return {name: entry.shape for name, entry in _read(path).items()}


def _read(path: Path) -> dict[str, _Entry]:
    """The tensors of a file by their names. Raises ModelError."""
    try:
        if kind := why_irregular(path):
            raise ValueError(f"it is {kind}")
        return _entries(path)
    except (OSError, ValueError, struct.error, msgspec.DecodeError, RecursionError) as err:
        reason = "nested too deep" if isinstance(err, RecursionError) else str(err)
        raise ModelError(f"{path.name} is damaged or incomplete ({reason})", "download or copy the file again") from err


def _entries(path: Path) -> dict[str, _Entry]:
    """The tensors of a file. Raises ValueError unless they take all its bytes, one behind the other."""
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        (n_header,) = _LENGTH.unpack(file.read(_LENGTH.size))
        if not 2 <= n_header <= min(_MOST_HEADER_BYTES, n_bytes):
            raise ValueError("bad header length")
        header = msgspec.json.decode(file.read(n_header), type=dict[str, msgspec.Raw])
    header.pop("__metadata__", None)
    if len(header) > _MOST_TENSORS:
        raise ValueError(f"{len(header):,} tensors")
    decoder = msgspec.json.Decoder(_Entry)
    entries = {name: _checked(name, decoder.decode(entry)) for name, entry in header.items()}
    end = 0
    for entry in sorted(entries.values(), key=lambda entry: entry.data_offsets):
        if entry.data_offsets[0] != end:
            raise ValueError("its tensors overlap or leave gaps")
        end = entry.data_offsets[1]
    if n_bytes != _LENGTH.size + n_header + end:
        raise ValueError(f"{n_bytes} bytes, {_LENGTH.size + n_header + end} expected")
    return entries


def _checked(name: str, entry: _Entry) -> _Entry:
    """The entry of a tensor that takes the bytes its shape and type need. Raises ValueError."""
    begin, end = entry.data_offsets
    bits = _DTYPE_BITS.get(entry.dtype)
    if bits is None:
        raise ValueError(f"{name[:80]!r} has the unknown type {entry.dtype[:20]!r}")
    if min(entry.shape, default=0) < 0 or not 0 <= begin <= end or 8 * (end - begin) != bits * entry.n_values:
        raise ValueError(f"{name[:80]!r} does not take the bytes that its shape needs")
    return entry
