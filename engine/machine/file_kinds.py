"""Tells regular files from pipes, sockets and devices, whose reading might never end, before anything opens them.

* imports neither Qt nor torch."""

import stat
from pathlib import Path

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
