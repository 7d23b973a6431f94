"""Turns the various errors of a disk that refuses to write into one EngineError."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from engine.errors import EngineError
from engine.machine.refused_writes import way_out

RESUME = "resume"


@contextmanager
def refused_by_disk(what: str, folder: Path, then: str = RESUME) -> Iterator[None]:
    """Raise EngineError if the disk refuses a write to `folder`. then: what to do once it can be written."""
    try:
        yield
    except Exception as err:
        if not _is_disk_error(err):
            raise
        raise EngineError(f"{what} could not be written to {folder} ({err})", f"{way_out(err)}, then {then}") from err


def _is_disk_error(err: Exception) -> bool:
    """Safetensors has its own error for a full disk; tokenizers a bare Exception that ends as Rust's do."""
    return isinstance(err, OSError | SafetensorError) or (type(err) is Exception and "(os error " in str(err))


def write_synced(path: Path, raw: bytes) -> None:
    """Write a file and wait until it is on the disk, so that it can be renamed. Raises OSError."""
    path.write_bytes(raw)
    sync(path)


def sync(path: Path) -> None:
    """Wait until everything written to a file is on the disk. Raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
