"""Reads files of every kind into documents: texts, pages, tables, PDFs, Office files and books; what cannot be read is
reported, not raised.

* imports neither Qt nor torch."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from engine.documents import markup, tables
from engine.documents.decoding import Decoded, decode
from engine.documents.file_text import PdfText
from engine.documents.json_lines import BadLine, JsonText, json_lines
from engine.documents.letters import plain
from engine.documents.line_ends import joined_words
from engine.documents.pdf import PdfReader
from engine.documents.sources import BUILTIN_PAGES, Kind, Skipped, SourceFile, read_whole
from engine.documents.tables import NoTable
from engine.documents.titles import markdown_title
from engine.world import corpus

# Raised with every change of what a reader makes of the same file, so that files in an index are read anew.
VERSIONS: Mapping[Kind, int] = {
    "text": 2, "markdown": 2, "html": 2, "table": 2, "lines": 2, "pdf": 2, "word": 1, "slides": 1, "sheets": 1,
    "opendocument": 1, "book": 1, "builtin": 1,
}  # fmt: skip
# Bad lines of one file that are reported one by one.
_MOST_REPORTED = 10
_LONGEST_TITLE = 200
_BINARY, _EMPTY = "is no text; its bytes are of another kind", "holds no text"
_UNKNOWN = "is in an encoding that is not known; save it in UTF-8"


class PlaceMark(NamedTuple):
    """Where a page or a row begins, and its name."""

    start: int
    name: str


class Document(NamedTuple):
    """A text and where it comes from. name: its name in its file, if the file holds several.

    apart: no passage may span a mark. guessed, n_replaced, encoding: see Decoded."""

    source: str
    name: str
    title: str
    text: str
    marks: tuple[PlaceMark, ...] = ()
    apart: bool = False
    guessed: bool = False
    n_replaced: int = 0
    encoding: str = "utf-8"


def read(entry: SourceFile, pdfs: PdfReader) -> Iterator[Document | Skipped]:
    """Yield the documents of a file, and the parts of it that could not be read."""
    try:
        for item in _read(entry, pdfs):
            yield _with_plain_letters(item) if isinstance(item, Document) else item
    except OSError as err:
        yield Skipped(entry.source, f"cannot be read ({err.strerror or err})", retry=True)
    except MemoryError:
        yield Skipped(entry.source, "needs too much memory to be read", retry=True)


def _with_plain_letters(document: Document) -> Document:
    """The document with its letters written in one way, and its marks where their parts begin now."""
    title = plain(document.title).strip()[:_LONGEST_TITLE]
    if not document.marks:
        return document._replace(title=title, text=plain(document.text))
    starts = [mark.start for mark in document.marks]
    parts = [plain(document.text[start:end]) for start, end in pairwise([*starts, len(document.text)])]
    marks, at = [], 0
    for mark, part in zip(document.marks, parts, strict=True):
        marks.append(PlaceMark(at, mark.name))
        at += len(part)
    return document._replace(title=title, text="".join(parts), marks=tuple(marks))


def _read(entry: SourceFile, pdfs: PdfReader) -> Iterator[Document | Skipped]:
    if entry.path is None:
        content = corpus.shipped("pages" if entry.source == BUILTIN_PAGES else "notes")
        yield from (Document(entry.source, record.id, record.title, record.text) for record in content.documents)
        return
    match entry.kind:
        case "lines":
            yield from _lines(entry.source, entry.path)
        case "pdf" | "word" | "slides" | "sheets" | "opendocument" | "book":
            yield from _from_process(entry.source, entry.path, pdfs.read(entry.path, entry.kind), entry.kind)
        case _:
            yield from _text_documents(entry, entry.path)


def _text_documents(entry: SourceFile, path: Path) -> Iterator[Document | Skipped]:
    raw = read_whole(entry, path)
    decoded = decode(raw, markup.declared_encoding(raw) if entry.kind == "html" else "")
    if decoded is None or not decoded.encoding or not decoded.text.strip():
        reason = _BINARY if decoded is None else _UNKNOWN if not decoded.encoding else _EMPTY
        yield Skipped(entry.source, reason)
        return
    match entry.kind:
        case "html":
            yield _html(entry.source, path, decoded)
        case "table":
            yield from _table(entry.source, path, decoded)
        case "markdown":
            yield _document(entry.source, markdown_title(decoded.text) or path.stem, decoded.text, decoded)
        case _:
            yield _document(entry.source, path.stem, decoded.text, decoded)


def _document(source: str, title: str, text: str, decoded: Decoded) -> Document:
    return Document(source, "", title, text, (), False, decoded.guessed, decoded.n_replaced, decoded.encoding)


def _html(source: str, path: Path, decoded: Decoded) -> Document | Skipped:
    try:
        page = markup.read_page(decoded.text)
    except markup.Endless:
        return Skipped(source, "takes too long to read; its markup does not end")
    if not page.text:
        return Skipped(source, _EMPTY)
    return _document(source, page.title or path.stem, page.text, decoded)


def _from_process(source: str, path: Path, answer: PdfText, kind: Kind) -> Iterator[Document | Skipped]:
    """The document that the reading process made, and the parts that it could not read."""
    if answer.reason:
        yield Skipped(source, answer.reason, answer.retry)
        return
    pages = [joined_words(page) for page in answer.pages] if kind == "pdf" else answer.pages
    text, marks = _joined(pages, answer.names)
    named = () if marks and not marks[-1].name else marks
    yield Document(source, "", answer.title or path.stem, text, named, answer.apart, False, answer.n_replaced)
    yield from (Skipped(source, problem, answer.retry) for problem in answer.problems)


def _joined(parts: Sequence[str], names: Sequence[str]) -> tuple[str, tuple[PlaceMark, ...]]:
    """The parts as one text, and where each begins."""
    marks: list[PlaceMark] = []
    start = 0
    for part, name in zip(parts, names, strict=True):
        marks.append(PlaceMark(start, name))
        start += len(part) + 2
    return "\n\n".join(parts), tuple(marks)


def _table(source: str, path: Path, decoded: Decoded) -> Iterator[Document | Skipped]:
    """A table as text: each row with the names of its columns."""
    try:
        table = tables.read_table(decoded.text)
    except NoTable as err:
        yield Skipped(source, str(err))
        return
    rows = [tables.cells_with_names(table.names, row) for row in table.rows]
    names = [*("title" for _ in table.before), *(f"row {number}" for number in range(1, len(rows) + 1))]
    text, marks = _joined([*table.before, *rows], names)
    document = _document(source, " ".join(table.before) or path.stem, text, decoded)
    yield document._replace(marks=marks, apart=True)
    yield from (Skipped(source, problem) for problem in table.problems)


def _lines(source: str, path: Path) -> Iterator[Document | Skipped]:
    n_bad = 0
    for line in json_lines(path):
        if isinstance(line, JsonText):
            yield Document(source, line.name or f"line {line.number}", line.title, line.text)
            continue
        n_bad += 1
        if n_bad <= _MOST_REPORTED:
            yield _bad_line(source, line)
    if n_bad > _MOST_REPORTED:
        yield Skipped(source, f"has {n_bad - _MOST_REPORTED:,} more lines that could not be read")


def _bad_line(source: str, line: BadLine) -> Skipped:
    return Skipped(f"{source}, line {line.number}", line.reason)
