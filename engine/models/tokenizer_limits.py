"""Refuses a tokenizer that would make a short text endlessly long, from its tokenizer.json.

* imports neither Qt nor torch."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.errors import ModelError
from engine.machine.file_kinds import why_irregular

_FILE = "tokenizer.json"
_HINT = "copy tokenizer.json and tokenizer_config.json of the model into the folder"
# The usual ones replace a space by one other character, and put one before a text.
_MOST_GROWTH = 64.0
_MOST_ADDED = 1000
_MOST_STEPS = 64
_MOST_COPIES = 8


class _Step(NamedTuple):
    """By how much one step can lengthen a text, in characters: a factor, and a length that is added."""

    factor: float = 1.0
    added: int = 0


class _Pipeline(msgspec.Struct, frozen=True):
    """What of a tokenizer.json acts on each text."""

    normalizer: object = None
    pre_tokenizer: object = None
    post_processor: object = None
    decoder: object = None


def refuse_expanding(spec: str, folder: Path) -> None:
    """Raises ModelError for a tokenizer that lengthens texts by more than any honest one; raises OSError.

    A file that cannot be read is left to the library, which says why."""
    path = folder / _FILE
    if why_irregular(path) or not path.exists():
        return
    try:
        pipeline = msgspec.json.decode(path.read_bytes(), type=_Pipeline)
        reason = _why_expanding(pipeline)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    except RecursionError:
        reason = "its steps lie in each other too deep"
    if reason:
        raise ModelError(f"{spec} has no usable tokenizer ({_FILE}: {reason})", _HINT)


def _why_expanding(pipeline: _Pipeline) -> str:
    for name, part in (
        ("normalizer", pipeline.normalizer), ("pre-tokenizer", pipeline.pre_tokenizer), ("decoder", pipeline.decoder)
    ):  # fmt: skip
        steps = list(_steps(part))
        factor = 1.0
        for step in steps:
            factor *= step.factor
        if factor > _MOST_GROWTH or sum(step.added for step in steps) > _MOST_ADDED:
            return f"its {name} makes texts more than {_MOST_GROWTH:.0f} times as long"
        if len(steps) > _MOST_STEPS:
            return f"its {name} has {len(steps):,} steps"
    if _n_copies(pipeline.post_processor) > _MOST_COPIES:
        return f"its post-processor repeats each text more than {_MOST_COPIES} times"
    return ""


def _steps(part: object) -> Iterator[_Step]:
    """Each step of a normalizer, pre-tokenizer or decoder, those of sequences in turn."""
    if not isinstance(part, dict):
        return
    for inner in ("normalizers", "pretokenizers", "decoders"):
        if isinstance(below := part.get(inner), list):
            for step in below:
                yield from _steps(step)
            return
    content, pattern = part.get("content"), part.get("pattern")
    if isinstance(prefix := part.get("prepend"), str):
        yield _Step(added=len(prefix))
    elif isinstance(content, str) and isinstance(pattern, dict):
        literal = pattern.get("String")
        n_matched = len(literal) if isinstance(literal, str) else 0  # an expression may match between characters
        yield _Step(max(1.0, len(content) / n_matched if n_matched else 1.0 + len(content)))
    else:
        yield _Step()


def _n_copies(part: object) -> int:
    """How often a post-processor puts the text itself into what it makes of it."""
    if not isinstance(part, dict):
        return 1
    if isinstance(below := part.get("processors"), list):
        n_copies = 1
        for processor in below:
            n_copies *= max(1, _n_copies(processor))
        return n_copies
    single = part.get("single")
    return sum(isinstance(piece, dict) and "Sequence" in piece for piece in single) if isinstance(single, list) else 1
