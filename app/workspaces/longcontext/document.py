"""Reads the document of the tab, and takes the pages of it that are asked for.

* imports neither Qt nor torch."""

from pathlib import Path
from typing import NamedTuple

from engine.documents import readers, sources
from engine.documents.pdf import PdfReader
from engine.documents.readers import Document, PlaceMark
from engine.documents.sources import Skipped
from engine.errors import InputError
from engine.world import corpus

BUILTIN = "builtin"
_SEPARATOR = "\n\n"
# More than the built-in target reads, so that there is something to cut.
_BUILTIN_CHARACTERS = 40_000


class LongDocument(NamedTuple):
    """A text with its pages. spec: `builtin`, or the path of its file; problem: what of it could not be read."""

    spec: str
    title: str
    text: str
    pages: tuple[PlaceMark, ...] = ()
    problem: str = ""

    def part(self, pages: str) -> str:
        """The text of some pages, all of it for an empty range. Raises InputError."""
        first, last = read_pages(pages, len(self.pages))
        if not pages.strip():
            return self.text
        ends = [*(mark.start for mark in self.pages[1:]), len(self.text)]
        return self.text[self.pages[first - 1].start : ends[last - 1]]


def read_pages(text: str, n_pages: int) -> tuple[int, int]:
    """Read pages such as `3-7` or `5`: the first and the last, counted from 1. Raises InputError."""
    text = text.strip().replace("–", "-")
    if not text:
        return 1, n_pages
    if not n_pages:
        raise InputError("the document has no pages", "leave the pages empty")
    first, dash, last = (part.strip() for part in text.partition("-"))
    numbers = first or "1", (last or str(n_pages)) if dash else first
    if not all(number.isascii() and number.isdecimal() and len(number) < 10 for number in numbers):
        raise InputError(f"{text[:40]} is no range of pages", "write for instance 3-7")
    low, high = map(int, numbers)
    if not 1 <= low <= high <= n_pages:
        raise InputError(f"pages {text[:40]} are not among the {n_pages:,} of the document", f"write 1-{n_pages}")
    return low, high


def read_document(path: Path) -> LongDocument:
    """Read a file of any kind that documents may have; several texts in one are joined. Raises InputError, OSError."""
    pdfs = PdfReader()
    try:
        items = [item for entry in _entries(path) for item in readers.read(entry, pdfs)]
    finally:
        pdfs.close()
    texts = [item for item in items if isinstance(item, Document) and item.text.strip()]
    reasons = [item.reason for item in items if isinstance(item, Skipped)]
    if not texts:
        raise InputError(f"{path} {reasons[0] if reasons else 'holds no text'}", "choose another file")
    joined, pages = _joined(texts)
    return LongDocument(str(path), texts[0].title or path.name, joined, pages, "; ".join(reasons[:3]))


def _entries(path: Path) -> tuple[sources.SourceFile, ...]:
    if path.is_dir():
        raise InputError(f"{path} is a folder", "choose one file")
    listed = sources.find((str(path),))
    if not listed.entries:
        reason = listed.skipped[0].reason if listed.skipped else "holds no text"
        raise InputError(f"{path} {reason}", "choose another file")
    return listed.entries


def _joined(texts: list[Document]) -> tuple[str, tuple[PlaceMark, ...]]:
    """The texts one after another, and where each of their pages begins."""
    pages: list[PlaceMark] = []
    start = 0
    for text in texts:
        pages += [PlaceMark(start + mark.start, mark.name) for mark in text.marks]
        start += len(text.text) + len(_SEPARATOR)
    return _SEPARATOR.join(text.text for text in texts), tuple(pages)


def builtin_document() -> LongDocument:
    """The text that comes with the program, long enough for the context of the built-in target."""
    pages = corpus.shipped("pages").documents
    text = _SEPARATOR.join(page.text for page in pages)
    return LongDocument(BUILTIN, "", text[:_BUILTIN_CHARACTERS])
