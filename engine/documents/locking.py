"""Locks an index against a second indexing, and checks that its folder holds nothing else.

* imports neither Qt nor torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from engine.documents.index import is_local
from engine.errors import InputError, InUse
from engine.machine.paths import user_data

_LOCK = ".lock"


@contextmanager
def alone(uri: str) -> Iterator[None]:
    """Lock an index against a second indexing. Raises InUse, and InputError: other files, no folder."""
    folder = _lock_folder(uri)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(_lock_file(uri, folder), timeout=0):
            yield
    except Timeout as err:
        raise InUse(f"the index at {uri} is being made by another program", "wait, or choose another") from err
    except OSError as err:
        raise InputError(f"{uri} cannot hold an index ({err.strerror})", "choose another folder") from err


def _lock_folder(uri: str) -> Path:
    """The index's folder; for an object store, which has no locks, a local one between this machine's programs."""
    if not is_local(uri):
        return user_data() / "locks"
    folder = Path(uri)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{uri} is a file", "name a new folder for the index")
    if folder.is_dir() and any(path.name != _LOCK and path.suffix != ".lance" for path in folder.iterdir()):
        raise InputError(f"{uri} holds other files", "name a new folder for the index")
    return folder


def _lock_file(uri: str, folder: Path) -> Path:
    return folder / (_LOCK if is_local(uri) else sha256(uri.encode()).hexdigest())
