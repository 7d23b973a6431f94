"""Reads a folder or file of texts as documents, one after another.

* imports neither Qt nor torch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from engine.errors import InputError
from engine.machine.file_kinds import refuse_irregular
from engine.training.training_log import FILE_NAME

_PLAIN, _LINES = (".txt", ".md"), (".jsonl",)
# A longer text is cut at line ends into documents of about this many characters.
_LONGEST = 20_000
_PROBED_BYTES = 8192
_LONGEST_LINE = 4_000_000
BUILTIN = "builtin"


class TrainingTexts(Protocol):
    """Documents to learn from, which may be read more than once. Counts what it leaves out while it reads."""

    n_skipped_files: int
    n_skipped_lines: int
    n_bytes: int
    n_bytes_read: int

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """A value that changes whenever the texts do."""

    def documents(self) -> Iterator[str]:
        """Yield the documents that hold more than white space."""


def is_builtin(source: Path) -> bool:
    """Whether a source names the texts of the built-in world; a folder of that name is written with its path."""
    return str(source) == BUILTIN


class _Line(msgspec.Struct):
    """A line of a JSON Lines file: the text to learn from, or a prompt if there is no text."""

    text: str | None = None
    prompt: str | None = None


class Texts:
    """The documents under a path. Counts what it leaves out while it reads.

    n_skipped_files: files that are not text; n_skipped_lines: lines of JSON Lines with neither text nor prompt."""

    def __init__(self, source: Path) -> None:
        """List the files. Raises InputError if there is nothing at the path or nothing to read."""
        self.n_skipped_files = self.n_skipped_lines = 0
        self.source = source
        self._files = _files(source)
        self.n_bytes = sum(file.stat().st_size for file in self._files)
        self.n_bytes_read = 0

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """A value that changes whenever a file does."""
        return tuple((str(file.absolute()), file.stat().st_size, file.stat().st_mtime_ns) for file in self._files)

    def documents(self) -> Iterator[str]:
        """Yield the documents that hold more than white space, file by file; no file is read as a whole."""
        for file in self._files:
            n_before, n_bytes = self.n_bytes_read, file.stat().st_size
            try:
                for text in self._documents_of(file):
                    # A character takes one byte or more: close enough for a progress report.
                    self.n_bytes_read = min(self.n_bytes_read + len(text), n_before + n_bytes)
                    yield text
            except (OSError, UnicodeDecodeError):
                self.n_skipped_files += 1
            self.n_bytes_read = n_before + n_bytes

    def _documents_of(self, file: Path) -> Iterator[str]:
        if _is_binary(file):
            self.n_skipped_files += 1
        else:
            yield from self._lines_of(file) if file.suffix.lower() in _LINES else _pieces(file)

    def _lines_of(self, file: Path) -> Iterator[str]:
        with file.open("rb") as lines:
            while raw := lines.readline(_LONGEST_LINE):
                text = _text_of(raw)
                if text is None:
                    self.n_skipped_lines += bool(raw.strip())
                elif text.strip():
                    yield text


def _files(source: Path) -> list[Path]:
    if not source.exists():
        raise InputError(f"there is nothing at {source}", "name a folder or file with text")
    if not source.is_dir():
        refuse_irregular(source, "name a folder or file with text")
    try:
        paths = sorted(file for file in source.rglob("*") if file.is_file()) if source.is_dir() else [source]
    except OSError as err:
        raise InputError(f"{source} cannot be read ({err.strerror})", "check its permissions") from err
    suffixes = (*_PLAIN, *_LINES)
    files = [file for file in paths if file.suffix.lower() in suffixes and (file == source or file.name != FILE_NAME)]
    if not files:
        contents = f"holds {len(paths)} files, none of them {', '.join(suffixes)}" if paths else "is empty"
        raise InputError(f"{source} {contents}", f"name a folder or file with text ({', '.join(suffixes)})")
    return files


def _is_binary(file: Path) -> bool:
    with file.open("rb") as stream:
        return b"\0" in stream.read(_PROBED_BYTES)


def _pieces(file: Path) -> Iterator[str]:
    """Yield the text of a file, cut at line ends if it is long; a very long line is cut anywhere."""
    piece: list[str] = []
    n = 0
    with file.open(encoding="utf-8-sig") as lines:
        while line := lines.readline(_LONGEST):
            if piece and n + len(line) > _LONGEST:
                yield "".join(piece)
                piece, n = [], 0
            piece.append(line)
            n += len(line)
    if (last := "".join(piece)).strip():
        yield last


def _text_of(raw: bytes) -> str | None:
    try:
        line = msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"), type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return line.text if line.text is not None else line.prompt
