"""Tells regular files from pipes, sockets and devices, whose reading might never end, before anything opens them.

* imports neither Qt nor torch."""

import stat
from pathlib import Path

from engine.errors import InputError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def why_irregular(path: Path) -> str:
    """What stands at a path in place of a regular file, links followed; empty for a file or for nothing.

    Raises OSError: it cannot be looked at. Raises ValueError: it is no path."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "")


def refuse_irregular(path: Path, hint: str, *, most_bytes: int | None = None) -> None:
    """Raises InputError for what is no regular file, or has more bytes than can be read at once.

    What is missing, or cannot be looked at, passes: opening it says why."""
    try:
        kind = why_irregular(path)
        n_bytes = path.stat().st_size if most_bytes is not None else 0
    except (OSError, ValueError):
        return
    if kind:
        raise InputError(f"{path} is {kind}, not a file", hint)
    if most_bytes is not None and n_bytes > most_bytes:
        raise InputError(
            f"{path} has {n_bytes / 2**20:,.0f} MiB, more than the {most_bytes >> 20:,} MiB that can be read", hint
        )
