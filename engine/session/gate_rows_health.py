"""Checks a folder of rows before a gate learns from it, and removes what a killed collection left of its beginning."""

from pathlib import Path

import msgspec
from safetensors import SafetensorError, safe_open

from engine.errors import InputError, ModelError
from engine.training.gate_rows import CollectionStart, GateRows, open_rows

_START, _LOCK, _ROWS = "collection.json", ".lock", "rows-*.safetensors"
_WIDE = ("states", "embeddings")


def refuse_misshapen(path: Path) -> None:
    """Raises ModelError for a file whose rows do not fit those of the collection, InputError for no collection."""
    width = open_rows(path).start.width
    for file in sorted(path.glob(_ROWS)):
        try:
            with safe_open(file, framework="pt") as stored:
                shapes = {name: list(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118 (no mapping)
        except (OSError, SafetensorError) as err:
            raise _damaged(file, str(err)[:120]) from err
        n = shapes.get("q", [0])[0] if shapes.get("q") else 0
        for name in GateRows._fields:
            expected = [n, width] if name in _WIDE else [n]
            if shapes.get(name) != expected:
                raise _damaged(file, f"{name} {shapes.get(name, 'missing')} where {expected} is expected")


def clear_torn_start(path: Path) -> None:
    """Remove the description of a collection that was killed while it wrote it, before any row.

    Raises InputError where it is damaged and there are rows, of which nobody knows what they were made with."""
    start = path / _START
    try:
        msgspec.json.decode(start.read_bytes(), type=CollectionStart)
    except OSError:
        return  # there is none, or it cannot be read, which beginning says
    except ValueError as err:
        if any(path.glob(_ROWS)):
            reason = f"{start} is damaged, so that it is not known what the rows beside it were made with"
            raise InputError(reason, "name a new folder, or delete that one") from err
        for file in (start, path / _LOCK):
            file.unlink(missing_ok=True)


def _damaged(file: Path, reason: str) -> ModelError:
    return ModelError(f"{file} is damaged ({reason})", "delete that file and collect again")
