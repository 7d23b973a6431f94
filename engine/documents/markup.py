"""Converts HTML to text with its headings and paragraphs, without scripts and styles.

* imports neither Qt nor torch."""

import re
import time
from html.parser import HTMLParser
from typing import NamedTuple

_DROPPED = frozenset({"script", "style", "template", "noscript", "svg", "math", "iframe", "object"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "br", "dd", "details", "div", "dl", "dt", "fieldset",
        "figcaption", "figure", "footer", "form", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section",
        "summary", "table", "td", "th", "tr", "ul",
    }
)  # fmt: skip
# On markup that never closes, the parser starts again from its beginning with every piece.
_PIECE, _LONGEST_S = 1 << 18, 20.0
_CHARSET = re.compile(rb"<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)
_HEAD_BYTES = 4096


class Page(NamedTuple):
    """The title and text of a page."""

    title: str
    text: str


class Endless(Exception):
    """Markup that takes too long to read."""


def declared_encoding(raw: bytes) -> str:
    """Find the encoding that a page declares; empty if it declares none."""
    match = _CHARSET.search(raw[:_HEAD_BYTES])
    return "" if match is None else match[1].decode("ascii", "ignore")


def read_page(markup: str) -> Page:
    """Extract the title and text of a page. Raises Endless."""
    reader, started = _Reader(), time.monotonic()
    for start in range(0, len(markup), _PIECE):
        reader.feed(markup[start : start + _PIECE])
        if time.monotonic() - started > _LONGEST_S:
            raise Endless
    reader.close()
    return Page(_one_line("".join(reader.title)), _tidy("".join(reader.pieces)))


class _Reader(HTMLParser):
    """Collects the title and the visible text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.pieces: list[str] = []
        self._dropped = ""
        self._depth = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block or an element that is dropped."""
        if self._dropped:
            self._depth += tag == self._dropped
        elif tag in _DROPPED:
            self._dropped, self._depth = tag, 1
        elif tag == "title":
            self._in_title = True
        elif tag in _HEADINGS:
            self.pieces.append("\n\n" + "#" * _HEADINGS[tag] + " ")
        elif tag in _BLOCKS:
            self.pieces.append("\n" if tag in ("br", "td", "th", "li", "tr") else "\n\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Handle an element without content."""
        if tag not in _DROPPED:
            self.handle_starttag(tag, attrs)
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """End a block or an element that is dropped."""
        if self._dropped:
            self._depth -= tag == self._dropped
            self._dropped = self._dropped if self._depth > 0 else ""
        elif tag == "title":
            self._in_title = False
        elif tag in _HEADINGS or tag == "p":
            self.pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        """Collect text; line breaks count as blanks."""
        if self._in_title:
            self.title.append(data)
        elif not self._dropped:
            self.pieces.append(re.sub(r"\s+", " ", data))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _tidy(text: str) -> str:
    """At most one empty line in a row, no blanks at the ends of lines."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
