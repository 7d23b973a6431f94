"""Reads page ranges such as 3, 3-7 or 3-, and refuses a text that is no file, before anything is loaded.

* imports neither Qt nor torch."""

import re
from pathlib import Path
from typing import NamedTuple

from engine.errors import InputError

BUILTIN = "builtin"
# The built-in texts: what `builtin` is, and the others by their names.
CHRONICLES, DOSSIERS, STORIES = "builtin:chronicles", "builtin:dossiers", "builtin:stories"
BUILTIN_TEXTS = (BUILTIN, CHRONICLES, DOSSIERS, STORIES)
_PAGES = re.compile(r"\s*(\d{1,6})\s*(?:([-–])\s*(\d{1,6})?\s*)?", re.ASCII)


class PageRange(NamedTuple):
    """Pages first to last, both included; last: None for all that follow."""

    first: int
    last: int | None


def parse_pages(text: str) -> PageRange | None:
    """The pages that a text names; None where it is empty. Raises InputError."""
    if not text.strip():
        return None
    match = _PAGES.fullmatch(text)
    if match is None or int(match[1]) < 1:
        raise InputError(f"pages {text[:40]!r}: no page range", "write for instance 3-7, 3 or 3-")
    first = int(match[1])
    last = int(match[3]) if match[3] else None if match[2] else first
    if last is not None and last < first:
        raise InputError(f"pages {text.strip()}: page {last} comes before page {first}", f"write {last}-{first}")
    return PageRange(first, last)


def refuse_no_file(text: str) -> None:
    """Raises InputError where a text is neither a built-in one nor a file."""
    if text in BUILTIN_TEXTS:
        return
    if not text.strip():
        raise InputError("the text to read has no name", "name a file, or builtin")
    if text.startswith(f"{BUILTIN}:"):
        raise InputError(f"there is no text {text[:80]}", f"use {', '.join(BUILTIN_TEXTS)}, or a file")
    path = Path(text).expanduser()
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) else err
        raise InputError(f"{text[:80]} is not a path ({reason})", "name a file, or builtin") from err
    if is_file:
        return
    if is_folder:
        raise InputError(f"{text} is a folder", "name one file")
    raise InputError(f"there is no file {text[:200]}", "check the path; builtin is always there")
