"""Keeps what GGUF files were converted into, in the user's cache folder, and converts each file once.

A file is known by the hash of its content: one that was moved or touched is not converted again, one that changed is.

* imports neither Qt nor torch."""

import json
import secrets
import shutil
import time
from collections import deque
from collections.abc import Generator, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import InputError
from engine.events import ConversionStarted, Progressed
from engine.machine import paths
from engine.models.gguf import content_hash, process
from engine.models.gguf.plan import ConversionPlan, check, plan, refuse_too_large, root, started

# Raised whenever a conversion would come out differently: everything is then converted again.
_FORM = 1
# Written last: a folder without it is not whole.
SOURCE_FILE = "source.json"
_POLL_S = 0.2


def converted(spec: str) -> Path | None:
    """The folder that a file was converted into; None where it has not been, or has changed since."""
    path = Path(spec).expanduser().absolute()
    content = content_hash.noted(path)
    folder = None if content is None else _folder(path, content)
    return folder if folder is not None and (folder / SOURCE_FILE).exists() else None


def file_hash(spec: str) -> str:
    """The hash of a file's content, read again only where its size or date has changed. Raises InputError."""
    path = Path(spec).expanduser().absolute()
    try:
        deque(content_hash.compute(path), maxlen=0)
    except OSError as err:
        raise InputError(f"{spec} cannot be read ({err.strerror})", "check its permissions") from err
    return content_hash.noted(path) or ""


def convert(spec: str) -> Generator[ConversionStarted | Progressed, None, Path]:
    """Convert a file unless that was done before; yields what it takes, then progress, and returns the folder.

    Closing the generator stops the conversion; nothing half is ever left under the folder's name. Raises InputError,
    ModelError, MemoryExhausted."""
    if (folder := converted(spec)) is not None:
        return folder
    work = plan(check(spec))
    path = work.header.path
    refuse_too_large(work)
    yield started(work)
    try:
        yield from content_hash.compute(path)
        folder = _folder(path, content_hash.noted(path) or "")
        root().mkdir(parents=True, exist_ok=True)
        lock = FileLock(root() / f".{folder.name}.lock")
        try:
            yield from _acquired(lock, work)
            if not (folder / SOURCE_FILE).exists():
                yield from _converted_into(folder, work)
        finally:
            lock.release()
    except OSError as err:
        reason = f"{path.name} could not be converted ({err.strerror or err})"
        raise InputError(reason, f"check the permissions of {root()} and what is free there") from err
    return folder


def _folder(path: Path, content: str) -> Path:
    return root() / f"{paths.file_name(path.stem)[:60]}-{content[:16]}-{_FORM}"


def _acquired(lock: FileLock, work: ConversionPlan) -> Iterator[Progressed]:
    """Take the lock; yields meanwhile, since another process may be converting the same file."""
    began = time.perf_counter()
    while not lock.is_locked:
        try:
            lock.acquire(timeout=_POLL_S)
        except Timeout:
            yield Progressed("converting", 0, work.disk_bytes, "bytes", time.perf_counter() - began)


def _converted_into(folder: Path, work: ConversionPlan) -> Iterator[Progressed]:
    """Convert into a folder beside, which then takes the name; clears away what an earlier process left there."""
    for left_over in root().glob(f".{folder.name}.*.partial"):
        shutil.rmtree(left_over, ignore_errors=True)
    partial = root() / f".{folder.name}.{secrets.token_hex(4)}.partial"
    path = work.header.path
    try:
        yield from process.run(work, partial)
        if content_hash.noted(path) is None:
            raise InputError(f"{path.name} changed while it was converted", "start again once it is complete")
        source = {"file": str(path), "bytes": work.header.n_file_bytes, "dtype": work.dtype, "form": _FORM}
        (partial / SOURCE_FILE).write_text(json.dumps(source, indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _remove_older(folder, str(path))


def _remove_older(folder: Path, file: str) -> None:
    """Remove what this file was converted into before it changed."""
    for other in root().glob(f"*/{SOURCE_FILE}"):
        try:
            source = json.loads(other.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if other.parent != folder and isinstance(source, dict) and source.get("file") == file:
            shutil.rmtree(other.parent, ignore_errors=True)
