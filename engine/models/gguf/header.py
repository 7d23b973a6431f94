"""Reads the header of a GGUF file: its metadata and the table of its tensors, with every length checked.

* imports neither Qt nor torch. The package `gguf` is not used: it takes seconds for a vocabulary of 262,144 tokens."""

import math
import mmap
import re
import struct
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

from engine.errors import InputError, ModelError
from engine.machine.file_kinds import why_irregular
from engine.models.gguf.tensor_types import TENSOR_TYPES, TensorType

Value: TypeAlias = int | float | bool | str | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]
Kind = TypeVar("Kind", int, float, bool, str)
_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_ALIGNMENT = 32
_MOST_ENTRIES = 1_000_000
_MOST_DIMENSIONS = 4
_SPLIT_NAME = re.compile(r"-\d{5}-of-(\d{5})\.gguf$", re.IGNORECASE)
_AGAIN = "download or copy the file again"


class TensorEntry(NamedTuple):
    """A tensor in the file: its name, shape in torch's order, type, and the place of its first byte."""

    name: str
    shape: tuple[int, ...]
    type: TensorType
    start: int

    @property
    def n_values(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


class GgufHeader(NamedTuple):
    """What a GGUF file says of itself before its weights."""

    path: Path
    metadata: Mapping[str, Value]
    tensors: tuple[TensorEntry, ...]
    n_file_bytes: int

    @property
    def architecture(self) -> str:
        """The name of its model family."""
        return self.text("general.architecture")

    @property
    def n_values(self) -> int:
        """The parameters of the model."""
        return sum(tensor.n_values for tensor in self.tensors)

    def text(self, key: str, default: str = "") -> str:
        """A text of the metadata. Raises ModelError if it is something else."""
        return self._value(key, str, default)

    def flag(self, key: str, default: bool = False) -> bool:
        """A flag of the metadata. Raises ModelError if it is something else."""
        return self._value(key, bool, default)

    def number(self, key: str, default: float | None = None) -> float:
        """A number of the metadata. Raises ModelError if it is something else, or missing without a default."""
        return float(self._value(key, (int, float), default))

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number of the metadata. Raises ModelError if it is something else, or missing without a default."""
        return int(self._value(key, int, default))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts of the metadata, empty where it is missing."""
        value = self.metadata.get(key, ())
        if not isinstance(value, tuple) or not all(isinstance(element, str) for element in value[:1]):
            raise ModelError(f"{self.path.name}: {key} is not a list of texts", _AGAIN)
        return value  # type: ignore[return-value]  # the elements of an array have one type

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of numbers of the metadata, empty where it is missing."""
        value = self.metadata.get(key, ())
        if not isinstance(value, tuple) or any(isinstance(element, str) for element in value[:1]):
            raise ModelError(f"{self.path.name}: {key} is not a list of numbers", _AGAIN)
        return value  # type: ignore[return-value]

    def _value(self, key: str, kinds: "type[Kind] | tuple[type[int], type[float]]", default: object) -> Kind:
        value = self.metadata.get(key, default)
        wanted = kinds if isinstance(kinds, tuple) else (kinds,)
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            what = "is missing" if value is None else f"is {value!r:.40}"
            raise ModelError(f"{self.path.name}: {key} {what}", "convert the model to GGUF again, or use another file")
        return value  # type: ignore[return-value]


def is_gguf(spec: str) -> bool:
    """Whether a SPEC names a GGUF file."""
    return spec.lower().endswith(".gguf")


def read(spec: str) -> GgufHeader:
    """Read the header of a file. Raises InputError: missing, a folder; ModelError: empty, foreign, truncated, split."""
    try:
        path = Path(spec).expanduser()
        if not path.is_file():
            kind = why_irregular(path)
            reason = f"{spec} is {kind}, not a file" if kind else f"there is no file {spec}"
            raise InputError(reason, "check the path; builtin is always there")
        stat = path.stat()
        return _read(path.absolute(), stat.st_size, stat.st_mtime_ns)
    except (OSError, RuntimeError) as err:
        raise InputError(f"{spec} cannot be read ({err})", "check the path and its permissions") from err


@lru_cache(maxsize=4)
def _read(path: Path, n_bytes: int, _mtime_ns: int) -> GgufHeader:
    """Size and date are part of the key: a file that changes is read again."""
    if not n_bytes:
        raise ModelError(f"{path.name} is empty", _AGAIN)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            return _Reader(path, content).header()
        except (struct.error, EOFError) as err:
            raise ModelError(f"{path.name} is cut short within its header, at {n_bytes:,} bytes", _AGAIN) from err
        except (ValueError, KeyError, OverflowError, UnicodeDecodeError) as err:
            raise ModelError(f"{path.name} is damaged ({err})", _AGAIN) from err


class _Reader:
    """Reads a file from its beginning; raises struct.error, EOFError, ValueError, KeyError for what is no GGUF."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self._path, self._content, self._at = path, content, 0
        self._size = len(content)

    def header(self) -> GgufHeader:
        """The whole header; every tensor lies within the file."""
        n_tensors, n_pairs = self._beginning()
        metadata = dict(self._pair() for _ in range(n_pairs))
        self._refuse_split(metadata)
        entries = [self._entry() for _ in range(n_tensors)]
        alignment = metadata.get("general.alignment", _ALIGNMENT)
        if not isinstance(alignment, int) or alignment < 1:
            raise ValueError("its alignment is no number")
        start = -(-self._at // alignment) * alignment
        tensors = tuple(entry._replace(start=start + entry.start) for entry in entries)
        self._refuse_cut_short(tensors)
        return GgufHeader(self._path, metadata, tensors, self._size)

    def _beginning(self) -> tuple[int, int]:
        """The numbers of tensors and of metadata."""
        if self._content[:4] != _MAGIC:
            reason = f"{self._path.name} is not a GGUF file: it begins with {self._content[:4]!r}"
            raise ModelError(reason, "name a .gguf file, or a folder with safetensors")
        self._at = 4
        (version,) = self._unpack("I")
        if version not in _VERSIONS:
            what = "written for big-endian machines" if version >> 16 else f"of version {version}"
            raise ModelError(f"{self._path.name} is a GGUF file {what}", "convert the model to GGUF 3 again")
        n_tensors, n_pairs = self._unpack("QQ")
        if max(n_tensors, n_pairs) > _MOST_ENTRIES:
            raise ValueError(f"it claims {n_tensors:,} tensors and {n_pairs:,} settings")
        return n_tensors, n_pairs

    def _unpack(self, codes: str) -> tuple[int, ...]:
        values = struct.unpack_from(f"<{codes}", self._content, self._at)
        self._at += struct.calcsize(f"<{codes}")
        return values

    def _pair(self) -> tuple[str, Value]:
        key = self._string()
        (kind,) = self._unpack("I")
        return key, self._array() if kind == _ARRAY else self._scalar(kind)

    def _scalar(self, kind: int) -> int | float | bool | str:
        return self._string() if kind == _STRING else self._unpack(_FORMATS[kind])[0]

    def _array(self) -> tuple[int, ...] | tuple[str, ...]:
        (kind,) = self._unpack("I")
        (n,) = self._unpack("Q")
        if n > self._size - self._at:
            raise EOFError
        return tuple(self._string() for _ in range(n)) if kind == _STRING else self._unpack(f"{n}{_FORMATS[kind]}")

    def _string(self) -> str:
        (n,) = struct.unpack_from("<Q", self._content, self._at)
        begin = self._at + 8
        self._at = begin + n
        if self._at > self._size:
            raise EOFError
        return str(self._content[begin : self._at], "utf-8")

    def _entry(self) -> TensorEntry:
        name = self._string()
        (n_dimensions,) = self._unpack("I")
        if not 1 <= n_dimensions <= _MOST_DIMENSIONS:
            raise ValueError(f"{name} has {n_dimensions} dimensions")
        shape = tuple(reversed(self._unpack(f"{n_dimensions}Q")))  # the file has the innermost dimension first
        (type_id,) = self._unpack("I")
        (offset,) = self._unpack("Q")
        kind = TENSOR_TYPES.get(type_id)
        if kind is None:
            reason = f"{self._path.name}: {name} is quantised as type {type_id}, which cannot be read here"
            raise ModelError(reason, "download another quantisation, for instance Q4_K_M or Q8_0")
        return TensorEntry(name, shape, kind, offset)

    def _refuse_split(self, metadata: Mapping[str, Value]) -> None:
        name = _SPLIT_NAME.search(self._path.name)
        n_parts = int(name[1]) if name else metadata.get("split.count", 0)
        if isinstance(n_parts, int) and n_parts > 1:
            reason = f"{self._path.name} is one of {n_parts} parts of a model"
            raise ModelError(reason, "join them with llama-gguf-split --merge, or download a file in one part")

    def _refuse_cut_short(self, tensors: tuple[TensorEntry, ...]) -> None:
        if not tensors:
            raise ModelError(f"{self._path.name} holds no weights", "name a file with a model, not only a vocabulary")
        for tensor in tensors:
            if tensor.shape[-1] % tensor.type.n_block_values:
                raise ValueError(f"{tensor.name} has rows of {tensor.shape[-1]} values in {tensor.type.name}")
        end = max(tensor.start + tensor.type.n_bytes(tensor.n_values) for tensor in tensors)
        if end > self._size:
            raise ModelError(f"{self._path.name} is cut short: {self._size:,} of {end:,} bytes", _AGAIN)
