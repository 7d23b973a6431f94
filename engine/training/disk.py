"""Turns the various errors of a disk that refuses to write into one EngineError, and keeps a folder to one program."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from engine.errors import EngineError, InUse
from engine.machine.refused_writes import way_out

RESUME = "resume"
LOCK = ".lock"


@contextmanager
def refused_by_disk(what: str, folder: Path, then: str = RESUME) -> Iterator[None]:
    """Raise EngineError if the disk refuses a write to `folder`. then: what to do once it can be written."""
    try:
        yield
    except Exception as err:
        if not _is_disk_error(err):
            raise
        raise EngineError(f"{what} could not be written to {folder} ({err})", f"{way_out(err)}, then {then}") from err


@contextmanager
def one_at_a_time(folder: Path, what: str, does: str, then: str) -> Iterator[None]:
    """Make a folder, and hold its lock. does: what another program that holds it does, as "collects rows in".

    Raises InUse where one does, EngineError where the disk refuses `what`."""
    lock = FileLock(folder / LOCK, timeout=0)
    with refused_by_disk(what, folder, then):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout as err:  # an OSError of filelock's own
            raise InUse(f"another program {does} {folder}", "wait, or name another folder (--out)") from err
    try:
        yield
    finally:
        lock.release()


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
