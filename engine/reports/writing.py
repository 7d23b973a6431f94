"""Writes whole files: a reader sees the old one or the new one, never half of it.

* imports neither Qt nor torch."""

import errno
import os
import threading
from pathlib import Path

from engine.errors import EngineError, InputError
from engine.machine.file_kinds import refuse_irregular, why_irregular

_WAY_OUT = "free the disk, make the folder writable for you, or name another place"


def replace(path: Path, content: bytes) -> None:
    """Write a temporary file beside `path` and move it into place once it is complete.

    Raises OSError, also for a pipe or a device, whose place the file would take."""
    if kind := why_irregular(path):
        raise OSError(errno.EINVAL, f"it is {kind}, not a file")
    # Named after the writer, so that two that write the same file at once do not mix.
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check_free(path: Path, *, force: bool) -> None:
    """Raise InputError where a file may not or cannot be written, before any work is done."""
    refuse_irregular(path, "name a file")
    if path.exists() and not force:
        raise InputError(f"{path} exists already", "name another file, or replace it with --force")


def write(path: Path, content: bytes, *, force: bool) -> None:
    """Write a new file, and its folder where there is none; with `force` replace one. Raises EngineError."""
    check_free(path, force=force)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, content)
    except OSError as err:
        reason = err.strerror or str(err)
        raise EngineError(f"{path} could not be written ({reason})", _WAY_OUT) from err
