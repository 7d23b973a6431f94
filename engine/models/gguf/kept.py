"""Lists what GGUF files were converted into, and removes it; the files themselves are not touched.

* imports neither Qt nor torch."""

import json
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from engine.errors import EngineError, InputError
from engine.models.gguf.cache import SOURCE_FILE
from engine.models.gguf.plan import root


class KeptConversion(NamedTuple):
    """A GGUF file and the folder it was converted into. n_bytes: on the disk; dtype: the type it is stored in."""

    file: str
    folder: Path
    n_bytes: int
    dtype: str


def conversions() -> tuple[KeptConversion, ...]:
    """All that was converted, sorted by file; one whose file is not known any more is named by its folder."""
    return tuple(sorted(map(_described, _folders()), key=lambda kept: kept.file.lower()))


def conversion_of(spec: str) -> KeptConversion | None:
    """What a file was converted into, by its path or by the folder's; None where there is nothing."""
    path = str(Path(spec).expanduser().absolute())
    return next((kept for kept in conversions() if path in (kept.file, str(kept.folder))), None)


def remove(kept: KeptConversion) -> None:
    """Remove a folder, whole or not at all. Raises EngineError: it is in use by a conversion, or cannot be removed."""
    lock = FileLock(root() / f".{kept.folder.name}.lock")
    try:
        lock.acquire(timeout=0)
        gone = kept.folder.with_name(f".{kept.folder.name}.{secrets.token_hex(4)}.partial")
        kept.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
    except Timeout as err:
        raise InputError(f"{kept.file} is being converted", "wait until that is done, or stop it there") from err
    except OSError as err:
        reason = f"{kept.folder} could not be removed ({err.strerror or err})"
        raise EngineError(reason, "check its permissions") from err
    finally:
        lock.release()


def _folders() -> Iterator[Path]:
    try:
        yield from (path.parent for path in root().glob(f"*/{SOURCE_FILE}") if not path.parent.name.startswith("."))
    except OSError as err:
        raise EngineError(f"{root()} cannot be read ({err.strerror or err})", "check its permissions") from err


def _described(folder: Path) -> KeptConversion:
    try:
        source = json.loads((folder / SOURCE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        source = {}
    stated = source if isinstance(source, dict) else {}
    file, dtype = (stated.get(name) for name in ("file", "dtype"))
    return KeptConversion(
        file if isinstance(file, str) and file else str(folder), folder, _size(folder),
        dtype if isinstance(dtype, str) else "",
    )  # fmt: skip


def _size(folder: Path) -> int:
    n_bytes = 0
    for path in folder.rglob("*"):
        try:
            n_bytes += path.lstat().st_size if path.is_file() else 0
        except OSError:  # it goes meanwhile
            continue
    return n_bytes
