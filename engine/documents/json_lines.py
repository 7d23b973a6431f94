"""Reads JSON Lines: objects with a `text`; `id`, `title` and `source` name it where they are texts or numbers.

* imports neither Qt nor torch."""

import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.documents.decoding import decode
from engine.documents.sources import open_regular

_LONGEST_LINE, _PROBED_BYTES = 4_000_000, 1 << 20
_BYTE_ORDER_MARK = "\ufeff"


class JsonText(NamedTuple):
    """A line that has a text. number: of the line, from 1; name, title: empty where it has none."""

    number: int
    text: str
    name: str = ""
    title: str = ""


class BadLine(NamedTuple):
    """A line without a text to read, and why."""

    number: int
    reason: str


class _RawLine(NamedTuple):
    """A line before it is read. text: None if it is too long."""

    number: int
    text: str | None


def json_lines(path: Path) -> Iterator[JsonText | BadLine]:
    """Yield each line that is not blank. Raises OSError."""
    for line in _decoded_lines(path):
        if line.text is None:
            yield BadLine(line.number, f"is longer than {_LONGEST_LINE:,} bytes")
        elif text := line.text.strip().removeprefix(_BYTE_ORDER_MARK):
            yield _line(line.number, text)


def _decoded_lines(path: Path) -> Iterator[_RawLine]:
    with open_regular(path) as file:
        probe = file.read(_PROBED_BYTES)
    decoded = decode(probe)
    encoding = decoded.encoding if decoded is not None and decoded.encoding else "utf-8"
    if encoding.startswith(("utf-16", "utf-32")):
        with io.TextIOWrapper(open_regular(path), encoding, "replace", newline="\n") as texts:
            yield from (_RawLine(number, line) for number, line in enumerate(texts, 1))
        return
    with open_regular(path) as file:
        for number, raw in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
            is_long = len(raw) >= _LONGEST_LINE
            while is_long and raw and not raw.endswith(b"\n"):
                raw = file.readline(_LONGEST_LINE)
            yield _RawLine(number, None if is_long else _decoded(raw, encoding))


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if encoding != "utf-8":
            return raw.decode(encoding, "replace")
        decoded = decode(raw)
        return raw.decode("utf-8", "replace") if decoded is None else decoded.text


def _line(number: int, text: str) -> JsonText | BadLine:
    try:
        value = _value(text)
    except (ValueError, RecursionError) as err:
        return BadLine(number, f"is not JSON ({why_not_json(err)})")
    if not isinstance(value, dict):
        return BadLine(number, "is not a JSON object")
    content = value.get("text")
    if not isinstance(content, str):
        return BadLine(number, "has no text in its field text" if "text" in value else "has no field text")
    if not content.strip():
        return BadLine(number, "holds no text")
    name = _written(value.get("id")) or _written(value.get("source"))
    return JsonText(number, content, name, _written(value.get("title")))


def _value(text: str) -> object:
    """The value of a line; exporters write NaN and Infinity, which JSON does not have."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return json.loads(text, strict=False)


def _written(value: object) -> str:
    """A text or a number as text; empty for anything else."""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def why_not_json(err: ValueError | RecursionError) -> str:
    """Say in words why a line is no JSON, with the character where that shows."""
    if isinstance(err, UnicodeError):
        return "it is no text"
    if isinstance(err, json.JSONDecodeError):
        return f"{err.msg.lower()}, character {err.pos + 1:,}"
    return "it is nested too deep" if isinstance(err, RecursionError) else str(err)
