"""The folders of the store: which there are, which names are safe, and the way to the trash and back.

* imports neither Qt nor torch. Links are never followed: neither folders nor traces that are links are taken in."""

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from engine.errors import InputError
from engine.runs.run_log import is_being_written
from engine.runs.trace import FILE_NAME
from engine.store.labels import LABELS
from engine.store.text import one_line

TRASH = ".trash"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class RunFolder(NamedTuple):
    """A folder with a trace: its sizes and times as the file system gives them. labels_ns: 0 without labels."""

    id: str
    path: Path
    n_bytes: int
    mtime_ns: int
    labels_ns: int
    deleted: bool


def scan(folder: Path) -> Iterator[RunFolder]:
    """Every folder with a trace, those in the trash last."""
    yield from _scan(folder, deleted=False)
    trash = folder / TRASH
    if not trash.is_symlink():
        yield from _scan(trash, deleted=True)


def _scan(folder: Path, *, deleted: bool) -> Iterator[RunFolder]:
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if is_safe(e.name) and e.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        base = f"{folder}/{name}/"
        with suppress(OSError):
            status = os.lstat(base + FILE_NAME)
            if stat.S_ISREG(status.st_mode):
                path = Path(base + FILE_NAME)
                yield RunFolder(name, path, status.st_size, status.st_mtime_ns, labels_ns(base), deleted)


def labels_ns(folder: Path | str) -> int:
    """When the labels of a run's folder were written, 0 where there are none."""
    try:
        return os.lstat(f"{folder}/{LABELS}").st_mtime_ns
    except OSError:
        return 0


def is_safe(name: str) -> bool:
    """Whether a name can be that of a run's folder: no path, nothing hidden, nothing odd."""
    return _SAFE.fullmatch(name) is not None


def checked(name: str) -> str:
    """The name of a run's folder. Raises InputError if it is none."""
    if not is_safe(name):
        raise no_such(name)
    return name


def no_such(run_id: str) -> InputError:
    """The refusal of an id that no run has."""
    return InputError(f"there is no run {one_line(run_id, 80)!r}", "see the list of runs")


def is_running(folder: Path, run_id: str) -> bool:
    """Whether a run is being written at the moment."""
    return is_being_written(folder / checked(run_id))


def trace_path(folder: Path, run_id: str, *, deleted: bool = False) -> Path:
    """Where the trace of a run lies."""
    return (folder / TRASH if deleted else folder) / checked(run_id) / FILE_NAME


def to_trash(folder: Path, run_id: str) -> bool:
    """Move a run to the trash; an older one of its name there makes way. Returns False if there is no such run.

    Raises OSError."""
    return _move(folder / checked(run_id), trash_of(folder) / run_id)


def from_trash(folder: Path, run_id: str) -> bool:
    """Move a run back from the trash. Returns False if it is not there, or one of its name is back. Raises OSError."""
    there = folder / checked(run_id)
    return not os.path.lexists(there) and _move(trash_of(folder) / run_id, there)


def purge(folder: Path, run_id: str) -> None:
    """Remove a run from the trash for good. Raises OSError."""
    with suppress(FileNotFoundError):
        shutil.rmtree(trash_of(folder) / checked(run_id))


def trash_of(folder: Path) -> Path:
    """The folder of deleted runs, created if needed. Raises OSError if it is a link, which might lead anywhere."""
    trash = folder / TRASH
    if trash.is_symlink():
        raise OSError(f"{trash} is a link")
    trash.mkdir(exist_ok=True)
    return trash


def _move(source: Path, there: Path) -> bool:
    if source.is_symlink() or not source.is_dir():
        return False
    n = 1
    while os.path.lexists(there):
        older = there.with_name(f"{there.name}.{n}")
        if not os.path.lexists(older):
            there.rename(older)
        n += 1
    try:
        source.rename(there)
    except FileNotFoundError:  # another window was faster
        return False
    return True
