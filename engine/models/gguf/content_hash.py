"""Hashes the content of GGUF files, and notes the hash so that a file is read again only once it has changed.

* imports neither Qt nor torch."""

import json
import secrets
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from engine.events import Progressed
from engine.models.gguf.plan import root

_CHUNK = 2**24


def noted(path: Path) -> str | None:
    """The hash that was noted for a path; None where there is none, or size or date are others now."""
    try:
        stat = path.stat()
        note = json.loads(_note(path).read_text(encoding="utf-8"))
        is_same = [note["bytes"], note["mtime_ns"]] == [stat.st_size, stat.st_mtime_ns]
        return str(note["sha256"]) if is_same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def compute(path: Path) -> Iterator[Progressed]:
    """Hash a file's content and note it, unless it is noted; yields progress. Raises OSError."""
    if noted(path) is not None:
        return
    stat, began, done, digest = path.stat(), time.perf_counter(), 0, sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            yield Progressed("reading", done, stat.st_size, "bytes", time.perf_counter() - began)
    note = {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": digest.hexdigest()}
    place = _note(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_suffix(f".{secrets.token_hex(4)}")
    partial.write_text(json.dumps(note), encoding="utf-8")
    partial.replace(place)


def _note(path: Path) -> Path:
    """The file with the hash of one path's content."""
    return root() / "hashes" / f"{sha256(str(path).encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.json"
