"""Converts HTML to text with its headings, paragraphs and preformatted lines, without scripts and styles.

* imports neither Qt nor torch.

The reader goes through the markup once, from tag to tag, and never back, so that its time grows with the length of a
page and with nothing else. What a page leaves open (a comment, a quote, a script, a picture) swallows nothing."""

import html
import re
import time
from typing import Literal, NamedTuple, TypeAlias

from engine.documents.letters import plain

# Elements whose content is no part of the text, if they are closed.
_DROPPED = ("svg", "math", "template", "noscript")
# Elements whose content is no markup.
_RAW = frozenset({"script", "style", "iframe", "noembed", "noframes"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_NEW_LINES = frozenset({"br", "li", "option", "td", "th", "tr"})
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "dialog", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "listing", "main", "nav", "ol", "p",
        "pre", "section", "summary", "table", "ul", *_HEADINGS,
    }
)  # fmt: skip
_KEPT_LINES = frozenset({"pre", "listing", "textarea"})
_CHARSET = re.compile(rb"<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)
_HEAD_BYTES = 4096
_LONGEST_TITLE, _LONGEST_S, _TAGS_A_LOOK = 1_000, 20.0, 4_096
# A quoted value counts as closed only if the tag goes on after it; otherwise the quote was never closed.
_TAG = re.compile(
    r"""</?+([a-zA-Z][^\s/>]*+)  # the name
    (?:[^"'>=]++ | =\s*+(?:"[^"]*+"(?=[\s/>]) | '[^']*+'(?=[\s/>]))? | ["'])*+>""",
    re.VERBOSE,
)
# Any other `<` is a sign of the text.
_OPENING = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME = re.compile(r"</?+([a-zA-Z][^\s/>]*+)")
_DROPPED_TAG = re.compile(rf"<(/?)({'|'.join(_DROPPED)})(?=[\s/>])[^>]*+>", re.I)
_TEXT_TAG = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCKS | _NEW_LINES))}|html|head)(?=[\s/>])", re.I)
_BLANKS = re.compile(r"\s+")

Mark: TypeAlias = Literal["-->", "]]>", ">"]


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
    reader = _Reader(markup)
    reader.read()
    return Page(" ".join(plain(html.unescape(reader.title)).split()), plain(reader.lines.text()))


class _Ends:
    """Finds what ends an element, and remembers what occurs no more, so that nothing is looked for twice in vain."""

    def __init__(self, markup: str) -> None:
        self._markup = markup
        self._absent: set[str] = set()
        self._quotes_close = True
        self.dropped = _closed_elements(markup)

    def after_mark(self, mark: Mark, at: int) -> int:
        """The place after the next such mark; -1 if there is none."""
        if mark in self._absent:
            return -1
        place = self._markup.find(mark, at)
        if place < 0:
            self._absent.add(mark)
            return -1
        return place + len(mark)

    def closing_tag(self, name: str, at: int) -> int:
        """Where the next closing tag of an element begins; -1 if there is none."""
        if name in self._absent:
            return -1
        match = re.compile(rf"</{name}(?=[\s/>])", re.I).search(self._markup, at)
        if match is None:
            self._absent.add(name)
            return -1
        return match.start()

    def after_tag(self, at: int) -> int:
        """The place after the tag that begins here; -1 if it has no end."""
        if self._quotes_close:
            if match := _TAG.match(self._markup, at):
                return match.end()
            self._quotes_close = False
        return self.after_mark(">", at)


class _Lines:
    """Collects text as lines, with at most one empty line in a row."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []

    def add(self, text: str) -> None:
        """Add running text, in which line breaks count as blanks."""
        self._line.append(_BLANKS.sub(" ", text))

    def add_kept(self, text: str) -> None:
        """Add text whose line breaks and blanks mean something."""
        first, *rest = text.split("\n")
        self._line.append(first.replace(" ", "\0"))
        for line in rest:
            self.end_line()
            self._line.append(line.replace(" ", "\0"))

    def end_line(self) -> None:
        """Begin a new line."""
        line = "".join(self._line)
        self._lines.append(" ".join(line.split()).replace("\0", " ").rstrip())
        self._line.clear()

    def end_paragraph(self) -> None:
        """Begin a new line after an empty one."""
        self.end_line()
        self._lines.append("")

    def text(self) -> str:
        """All lines."""
        self.end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip("\n")


class _Reader:
    """Goes through the markup from tag to tag; collects the title and the visible text."""

    def __init__(self, markup: str) -> None:
        self._markup = markup.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
        self._ends = _Ends(self._markup)
        self._kept_depth = 0
        self.title = ""
        self.lines = _Lines()

    def read(self) -> None:
        """Read everything. Raises Endless."""
        at, n_tags, started = 0, 0, time.monotonic()
        while (match := _OPENING.search(self._markup, at)) is not None:
            self._text(at, match.start())
            at = self._tag(match.start())
            n_tags += 1
            if n_tags % _TAGS_A_LOOK == 1 and time.monotonic() - started > _LONGEST_S:
                raise Endless
        self._text(at, len(self._markup))

    def _text(self, start: int, end: int) -> None:
        if start < end:
            text = html.unescape(self._markup[start:end])
            self.lines.add_kept(text) if self._kept_depth else self.lines.add(text)

    def _tag(self, at: int) -> int:
        """Take what begins with a `<`; returns where the text after it begins."""
        if self._markup.startswith("<!--", at):
            after = self._ends.after_mark("-->", at + 2)
            return after if after >= 0 else at + 4
        if self._markup.startswith("<![CDATA[", at):
            end = self._ends.after_mark("]]>", at)
            self._text(at + 9, end - 3)
            return end if end >= 0 else at + 9
        name = _NAME.match(self._markup, at)
        if name is None:
            return self._after_declaration(at)
        after = self._ends.after_tag(at)
        if after < 0:
            self._text(at, at + 1)
            return at + 1
        return self._element(name[1].lower(), at, after)

    def _after_declaration(self, at: int) -> int:
        """After a declaration, an instruction or a closing tag without a name; without an end its `<` is text."""
        after = self._ends.after_mark(">", at)
        if after < 0:
            self.lines.add_kept("<") if self._kept_depth else self.lines.add("<")
            return at + 1
        return after

    def _element(self, name: str, at: int, after: int) -> int:
        if self._markup[at + 1] == "/":
            self._end(name)
            return after
        if at in self._ends.dropped:
            return self._ends.dropped[at]
        if self._markup[after - 2] == "/" and name in (*_RAW, *_DROPPED, "title"):
            return after
        if name in _RAW:
            return self._after_raw(name, after)
        if name == "title":
            return self._after_title(after)
        self._begin(name)
        return after + 1 if name in _KEPT_LINES and self._markup.startswith("\n", after) else after

    def _after_raw(self, name: str, at: int) -> int:
        """After the content of a script and the like; if that has no end, the next tag that carries text ends it."""
        if (end := self._ends.closing_tag(name, at)) >= 0:
            return end
        match = _TEXT_TAG.search(self._markup, at)
        return len(self._markup) if match is None else match.start()

    def _after_title(self, at: int) -> int:
        end = self._ends.closing_tag("title", at)
        if not 0 <= end - at <= _LONGEST_TITLE:
            end = self._markup.find("<", at)
            end = end if end >= 0 else len(self._markup)
        self.title = self.title if self.title.strip() else self._markup[at:end][:_LONGEST_TITLE]
        return end

    def _begin(self, name: str) -> None:
        if name in _BLOCKS:
            self.lines.end_paragraph()
        elif name in _NEW_LINES:
            self.lines.end_line()
        if name in _HEADINGS:
            self.lines.add("#" * _HEADINGS[name] + " ")
        self._kept_depth += name in _KEPT_LINES

    def _end(self, name: str) -> None:
        if name in _BLOCKS:
            self.lines.end_paragraph()
        self._kept_depth -= name in _KEPT_LINES and self._kept_depth > 0


def _closed_elements(markup: str) -> dict[int, int]:
    """Where each dropped element that is closed begins, and the place after it."""
    after: dict[int, int] = {}
    opened: dict[str, list[int]] = {name: [] for name in _DROPPED}
    for match in _DROPPED_TAG.finditer(markup):
        name = match[2].lower()
        if not match[1]:
            if not match[0].endswith("/>"):
                opened[name].append(match.start())
        elif opened[name]:
            after[opened[name].pop()] = match.end()
    return after
