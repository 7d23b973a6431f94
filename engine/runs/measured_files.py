"""Reads the files that `bench scaling` and `bench batch` write with --out.

* imports neither Qt nor torch."""

from pathlib import Path

import msgspec

from engine.errors import InputError
from engine.events import ScalingMeasured

# Such files have a few kilobytes.
_MAX_BYTES = 2**24
_HINT = "open one that draftscope bench scaling or bench batch wrote with --out, a trace.jsonl or a training-log.jsonl"
_decoder = msgspec.json.Decoder(ScalingMeasured)


def is_summary(path: Path) -> bool:
    """Whether a file looks like a summary written with --out: one object over several lines, not an event a line."""
    with path.open("rb") as file:
        return file.readline(64).strip() == b"{"


def read(path: Path) -> ScalingMeasured:
    """Read a measurement. Raises InputError if the file is too large, another command's, or damaged; OSError."""
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path} is too large for a measurement", _HINT)
    try:
        measured = _decoder.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise InputError(f"{path} holds no measurement of a pair ({err})", _HINT) from err
    if not (measured.contexts or measured.gammas or measured.batches):
        raise InputError(f"{path} holds no contexts, draft lengths or batch sizes", _HINT)
    return measured
