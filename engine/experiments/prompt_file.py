"""Reads a file of prompts: text, JSON Lines, a JSON array or Parquet; the format is recognised by the content.

* imports neither Qt nor torch.

Text: a prompt a line. The others hold objects with one of
- `prompt`: a text;
- `turns`: a text or several, as in the question files of MT-bench, Spec-Bench and SPEED-Bench;
- `messages`: objects with `role` and `content`, all of them the user's.
`id` or `question_id` (a text or a whole number) and `category` are optional, other fields are ignored, and null counts
as a missing field. An entry that cannot be used is named with its place and skipped."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.documents.decoding import REPLACEMENT, decode
from engine.errors import InputError
from engine.events.comparison import ComparedPrompt
from engine.experiments import prompt_table
from engine.experiments.prompt_entries import Entry, Unusable, prompt_of

LARGEST_BYTES = 256 << 20
LONGEST_LINE_BYTES = 1 << 20
MOST_NAMED = 1000
# Of the reasons that are told at once.
MOST_REASONS = 5
_PROBED_BYTES, _PROBED_LINES = 8192, 100
_UTF8_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_OBJECT, _ARRAY = re.compile(rb'\s*\{\s*"'), re.compile(rb"\s*\[\s*\{")
_FORMATS = "name a text file with a prompt a line, JSON Lines or Parquet"


class PromptFile(NamedTuple):
    """The usable prompts of a file, with ids of their own, and a line for each entry that was skipped.

    n_skipped: how many these are, also where only the first have a line."""

    prompts: tuple[ComparedPrompt, ...]
    skipped: tuple[str, ...]
    n_skipped: int = 0


def read(path: Path) -> PromptFile:
    """Read every usable prompt. Raises InputError where the file cannot be read or has none."""
    raw = _bytes(path)
    entries = prompt_table.rows(path) if raw.startswith(prompt_table.MAGIC) else _entries(path, raw)
    collection = _Collection(path)
    for entry in entries:
        collection.add(entry)
    return collection.finished()


class _Collection:
    """Collects what can be used, gives each prompt an id of its own, and names what cannot."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._by_id: dict[str, ComparedPrompt] = {}
        self._repeats: Counter[str] = Counter()
        self._skipped: list[str] = []
        self._n_skipped = self._n_characters = 0

    def add(self, entry: Entry) -> None:
        """Take an entry. Raises InputError where all prompts together become too long."""
        try:
            prompt = prompt_of(entry)
        except Unusable as err:
            self._n_skipped += 1
            if self._n_skipped <= MOST_NAMED:
                self._skipped.append(f"{entry.place}: {err}")
            return
        self._n_characters += sum(map(len, prompt.turns))
        if self._n_characters > LARGEST_BYTES:
            raise _too_large(self._path)
        name = self._free_id(prompt.id)
        self._by_id[name] = ComparedPrompt(name, prompt.turns, prompt.category)

    def finished(self) -> PromptFile:
        """Everything collected. Raises InputError where there is no prompt."""
        if not self._by_id:
            raise InputError(f"{self._path} has no usable prompt{self._why_none()}", _FORMATS)
        n_more = self._n_skipped - len(self._skipped)
        more = (f"{n_more:,} more entries that could not be used",) if n_more else ()
        return PromptFile(tuple(self._by_id.values()), (*self._skipped, *more), self._n_skipped)

    def _why_none(self) -> str:
        """Why nothing can be used, with the first reasons."""
        if not self._skipped:
            return ", it is empty"
        n = f"{self._n_skipped:,} entries cannot be used: " if self._n_skipped > 1 else ""
        more = "; …" if self._n_skipped > MOST_REASONS else ""
        return f" ({n}{'; '.join(self._skipped[:MOST_REASONS])}{more})"

    def _free_id(self, name: str) -> str:
        free = name
        while free in self._by_id:
            self._repeats[name] += 1
            free = f"{name} ({self._repeats[name] + 1})"
        return free


def _bytes(path: Path) -> bytes:
    """The content of a file of reasonable size. Raises InputError."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder", "name a file of prompts in it")
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is not a file", _FORMATS)
        with path.open("rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) else "no such path"
        raise InputError(f"the prompts {path} cannot be read ({reason})", _FORMATS) from err
    if len(raw) > LARGEST_BYTES:
        raise _too_large(path)
    return raw


def _too_large(path: Path) -> InputError:
    return InputError(f"{path} has more than {LARGEST_BYTES >> 20} MiB of prompts", "choose some of them")


def _entries(path: Path, raw: bytes) -> Iterator[Entry]:
    """The entries of a text or JSON file. Raises InputError where it is binary or a broken array."""
    utf8 = _in_utf8(path, raw)
    if _ARRAY.match(utf8):
        return _array_items(path, utf8)
    lines = _LINE_END.split(utf8)
    return _objects(lines) if _holds_objects(utf8, lines) else _texts(lines)


def _in_utf8(path: Path, raw: bytes) -> bytes:
    """The content in UTF-8 where it is UTF-16, else as it is; what could not be decoded stays invalid.

    Single NUL bytes make no binary file of a text: the lines that hold them are skipped."""
    decoded = decode(raw)
    if decoded is None and decode(raw.replace(b"\0", b"")) is None:
        raise InputError(f"{path} is not text", _FORMATS)
    is_wide = decoded is not None and (raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw[:_PROBED_BYTES])
    if decoded is None or not is_wide:
        return raw.removeprefix(_UTF8_MARK)
    return decoded.text.removeprefix("\ufeff").encode().replace(REPLACEMENT.encode(), b"\xff")


def _holds_objects(utf8: bytes, lines: Sequence[bytes]) -> bool:
    """Whether the lines are JSON objects: the first begins like one, or half of those at the beginning do."""
    probed = [line for line in lines[:_PROBED_LINES] if line.strip()]
    n_braces = sum(line.lstrip().startswith(b"{") for line in probed)
    return _OBJECT.match(utf8) is not None or (n_braces > 0 and 2 * n_braces >= len(probed))


def _array_items(path: Path, utf8: bytes) -> Iterator[Entry]:
    try:
        items = json.loads(utf8.decode())
    except (ValueError, RecursionError) as err:
        where = f", line {err.lineno}" if isinstance(err, json.JSONDecodeError) else ""
        raise InputError(f"{path}{where}: {_json_problem(err)}", "write one JSON object a line") from err
    return (_object_entry(f"item {number}", item) for number, item in enumerate(items, 1))


def _objects(lines: Sequence[bytes]) -> Iterator[Entry]:
    for place, text, problem in _decoded(lines):
        try:
            yield Entry(place, problem=problem) if problem else _object_entry(place, json.loads(text))
        except (ValueError, RecursionError) as err:
            yield Entry(place, problem=_json_problem(err))


def _texts(lines: Sequence[bytes]) -> Iterator[Entry]:
    for place, text, problem in _decoded(lines):
        yield Entry(place, {"prompt": text}, problem)


def _decoded(lines: Sequence[bytes]) -> Iterator[tuple[str, str, str]]:
    """The place of each line that is not blank, its text, and the problem where it has none."""
    for number, line in enumerate(lines, 1):
        place = f"line {number}"
        if len(line) > LONGEST_LINE_BYTES:
            yield place, "", f"is longer than {LONGEST_LINE_BYTES:,} bytes"
            continue
        try:
            text = line.removeprefix(_UTF8_MARK).decode()
        except UnicodeDecodeError:
            yield place, "", "is not valid text; save the file in UTF-8"
            continue
        if text.strip():
            yield place, text, ""


def _object_entry(place: str, value: object) -> Entry:
    return Entry(place, value) if isinstance(value, dict) else Entry(place, problem="is not a JSON object")


def _json_problem(err: ValueError | RecursionError) -> str:
    if isinstance(err, json.JSONDecodeError):
        return f"is not valid JSON ({err.msg.rstrip(': ')}, character {err.colno})"
    return "is nested too deep" if isinstance(err, RecursionError) else "is not valid JSON"
