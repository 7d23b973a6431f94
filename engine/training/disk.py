"""What a disk that refuses raises, as one error; knows nothing of what is written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from engine.errors import EngineError

RESUME = "free disk space, then resume"


@contextmanager
def refused_by_disk(what: str, folder: Path, hint: str = RESUME) -> Iterator[None]:
    """Raise EngineError where the disk refuses to take something into `folder`."""
    try:
        yield
    except Exception as err:
        if not _is_of_disk(err):
            raise
        raise EngineError(f"{what} could not be written to {folder} ({err})", hint) from err


def _is_of_disk(err: Exception) -> bool:
    """Safetensors has its own word for a full disk; tokenizers has none, but ends its message as Rust does."""
    return isinstance(err, OSError | SafetensorError) or (type(err) is Exception and "(os error " in str(err))


def write_synced(path: Path, raw: bytes) -> None:
    """Write a file and wait until the disk has it, so that it can be renamed. Raises OSError."""
    path.write_bytes(raw)
    sync(path)


def sync(path: Path) -> None:
    """Wait until the disk has what was written to a file. Raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
