"""What the user wrote on a run (title, tags, note), in a small file beside its trace.

* imports neither Qt nor torch. It lies there and not in the index alone, so that the index can be made anew."""

import secrets
from pathlib import Path

import msgspec

from engine.errors import EngineError
from engine.machine.refused_writes import way_out
from engine.store.text import one_line

LABELS = "labels.json"
_MOST_BYTES = 2**20
_MOST_TITLE, _MOST_TAG, _MOST_TAGS, _MOST_NOTE = 200, 60, 64, 20_000


class Labels(msgspec.Struct, frozen=True):
    """What the user wrote on a run."""

    title: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


def cleaned(labels: Labels) -> Labels:
    """The labels as they are kept: a title and tags of one line each, sorted tags, a note of several lines."""
    tags = sorted({one_line(tag, _MOST_TAG) for tag in labels.tags} - {""})[:_MOST_TAGS]
    lines = (one_line(line, _MOST_NOTE) for line in labels.note[:_MOST_NOTE].splitlines())
    return Labels(one_line(labels.title, _MOST_TITLE), tuple(tags), "\n".join(lines).strip())


def read(folder: Path) -> Labels:
    """The labels of a run's folder; empty where there are none or they cannot be read."""
    path = folder / LABELS
    try:
        if path.is_symlink() or path.stat().st_size > _MOST_BYTES:
            return Labels()
        return cleaned(msgspec.json.decode(path.read_bytes(), type=Labels))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Labels()


def write(folder: Path, labels: Labels) -> None:
    """Replace the labels of a run's folder, at once or not at all. Raises EngineError."""
    partial = folder / f".{LABELS}.{secrets.token_hex(4)}"
    try:
        partial.write_bytes(msgspec.json.encode(labels))
        partial.replace(folder / LABELS)
    except OSError as err:
        raise EngineError(f"{folder / LABELS} cannot be written ({err.strerror})", way_out(err)) from err
