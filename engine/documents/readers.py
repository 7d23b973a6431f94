"""Reads files into documents: text, Markdown, HTML, PDF, tables and JSON Lines; bad files are reported, not raised.

* imports neither Qt nor torch."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.documents import markup
from engine.documents.decoding import Decoded, decode
from engine.documents.pdf import PdfReader
from engine.documents.sources import Skipped, SourceFile
from engine.world import corpus

_LONGEST_LINE = 4_000_000
# Bad lines of one file that are reported one by one.
_MOST_REPORTED = 10
_SEPARATORS = ",;\t|"
_LONGEST_TITLE = 200
_BINARY, _EMPTY = "is no text; its bytes are of another kind", "holds no text"


class PlaceMark(NamedTuple):
    """Where a page or a row begins, and its name."""

    start: int
    name: str


class Document(NamedTuple):
    """A text and where it comes from. name: its name in its file, if the file holds several.

    apart: no passage may span a mark. guessed, n_replaced: see Decoded."""

    source: str
    name: str
    title: str
    text: str
    marks: tuple[PlaceMark, ...] = ()
    apart: bool = False
    guessed: bool = False
    n_replaced: int = 0


class _Line(msgspec.Struct):
    """A line of JSON Lines; files of engine/world/corpus.py have this form too."""

    text: str
    id: str | int = ""
    title: str = ""
    source: str = ""


def read(entry: SourceFile, pdfs: PdfReader) -> Iterator[Document | Skipped]:
    """Yield the documents of a file, and the parts of it that could not be read."""
    try:
        yield from _read(entry, pdfs)
    except OSError as err:
        yield Skipped(entry.source, f"cannot be read ({err.strerror or err})")
    except MemoryError:
        yield Skipped(entry.source, "needs too much memory to be read")


def _read(entry: SourceFile, pdfs: PdfReader) -> Iterator[Document | Skipped]:
    if entry.path is None:
        content = corpus.generate(corpus.shipped_source())
        yield from (Document(entry.source, record.id, record.title, record.text) for record in content.documents)
        return
    match entry.kind:
        case "lines":
            yield from _lines(entry.source, entry.path)
        case "pdf":
            yield _pdf(entry.source, entry.path, pdfs)
        case _:
            yield _text_document(entry, entry.path)


def _text_document(entry: SourceFile, path: Path) -> Document | Skipped:
    raw = path.read_bytes()
    decoded = decode(raw, markup.declared_encoding(raw) if entry.kind == "html" else "")
    if decoded is None:
        return Skipped(entry.source, _BINARY)
    if not decoded.text.strip():
        return Skipped(entry.source, _EMPTY)
    match entry.kind:
        case "html":
            return _html(entry.source, path, decoded)
        case "table":
            return _table(entry.source, path, decoded)
        case "markdown":
            return _document(entry.source, _heading(decoded.text) or path.stem, decoded.text, decoded)
    return _document(entry.source, path.stem, decoded.text, decoded)


def _document(source: str, title: str, text: str, decoded: Decoded) -> Document:
    return Document(source, "", title[:_LONGEST_TITLE], text, guessed=decoded.guessed, n_replaced=decoded.n_replaced)


def _heading(text: str) -> str:
    """The first heading of a Markdown text."""
    lines = (line.strip() for line in text.splitlines())
    return next((line.lstrip("#").strip() for line in lines if line.startswith("#")), "")


def _html(source: str, path: Path, decoded: Decoded) -> Document | Skipped:
    try:
        page = markup.read_page(decoded.text)
    except markup.Endless:
        return Skipped(source, "takes too long to read; its markup does not end")
    except (AssertionError, ValueError) as err:  # the parser raises these for unknown declarations
        return Skipped(source, f"is not HTML ({err})")
    if not page.text:
        return Skipped(source, _EMPTY)
    return _document(source, page.title or path.stem, page.text, decoded)


def _pdf(source: str, path: Path, pdfs: PdfReader) -> Document | Skipped:
    answer = pdfs.read(path)
    if answer.reason:
        return Skipped(source, answer.reason)
    text, marks = _joined(answer.pages, [f"page {number}" for number in range(1, len(answer.pages) + 1)])
    return Document(source, "", (answer.title or path.stem)[:_LONGEST_TITLE], text, marks)


def _joined(parts: tuple[str, ...], names: list[str]) -> tuple[str, tuple[PlaceMark, ...]]:
    """The parts as one text, and where each begins."""
    marks: list[PlaceMark] = []
    start = 0
    for part, name in zip(parts, names, strict=True):
        marks.append(PlaceMark(start, name))
        start += len(part) + 2
    return "\n\n".join(parts), tuple(marks)


def _table(source: str, path: Path, decoded: Decoded) -> Document | Skipped:
    """A table as text: each row with the names of its columns."""
    first = decoded.text.splitlines()[0]
    separator = max(_SEPARATORS, key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(decoded.text, newline=""), delimiter=separator) if any(row)]
    except csv.Error as err:
        return Skipped(source, f"is not a table ({err})")
    names, *body = rows or [[]]
    if not body:
        return Skipped(source, "holds no row below its header")
    text, marks = _joined(tuple(_row(names, row) for row in body), [f"row {n}" for n in range(1, len(body) + 1)])
    document = _document(source, path.stem, text, decoded)
    return document._replace(marks=marks, apart=True)


def _row(names: list[str], row: list[str]) -> str:
    fields = [f"{name.strip()}: {value}" if name.strip() else value for name, value in zip(names, row, strict=False)]
    return "\n".join([*fields, *row[len(names) :]])


def _lines(source: str, path: Path) -> Iterator[Document | Skipped]:
    n_bad = 0
    with path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
            if not raw.strip():
                continue
            document = _line_document(source, number, raw)
            n_bad += isinstance(document, Skipped)
            if isinstance(document, Document) or n_bad <= _MOST_REPORTED:
                yield document
    if n_bad > _MOST_REPORTED:
        yield Skipped(source, f"has {n_bad - _MOST_REPORTED:,} more lines that could not be read")


def _line_document(source: str, number: int, raw: bytes) -> Document | Skipped:
    where = f"{source}, line {number}"
    if len(raw) >= _LONGEST_LINE:
        return Skipped(where, f"is longer than {_LONGEST_LINE:,} bytes")
    try:
        line = msgspec.json.decode(raw.strip().removeprefix(b"\xef\xbb\xbf"), type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        return Skipped(where, str(err).replace("`", "").replace(" - at $.", " in field ").replace(" - at $", ""))
    if not line.text.strip():
        return Skipped(where, _EMPTY)
    return Document(source, str(line.id) or line.source or f"line {number}", line.title[:_LONGEST_TITLE], line.text)
