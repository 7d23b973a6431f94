"""A document cut into passages of at most N of the target's tokens, at ends of sentences; knows no files, no vectors.

A sentence is tokenized by itself: what its tokens would be beside others differs by one at most, and no text is ever
tokenized whole."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

from engine.documents.readers import Document

_SENTENCES_A_BATCH = 256
# A text without an end to its sentences is cut here before it is tokenized.
_LONGEST_SENTENCE = 8_000
_END = re.compile(
    r"""(?<![.!?…؟۔])[.!?…؟۔]++["'”’»)\]]*+\s+  # an end of a sentence, what closes around it, the space after it
    |[。！？]++["”’」』）]*+\s*  # where no space follows
    |\n[^\S\n]*+(?=\n)\s+  # an empty line
    |\n(?=[^\S\n]*+(?:[-*+•]|\#{1,6}|\d{1,3}[.)])\s)  # the line before an item of a list or a heading
    |(?<=[-=~])\n+  # a line drawn under a heading""",
    re.VERBOSE,
)


class Chunk(NamedTuple):
    """Characters [start, end) of a document. place: its page or row. cut: it begins or ends inside a sentence."""

    id: str
    document: str
    source: str
    name: str
    title: str
    place: str
    start: int
    end: int
    text: str
    n_tokens: int
    cut: bool


class ChunkSpan(NamedTuple):
    """Characters [start, end) of a text, and how many tokens they are."""

    start: int
    end: int
    n_tokens: int = 0
    cut: bool = False


class Tokens(Protocol):
    """Counts the target's tokens."""

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""

    def ends(self, text: str) -> list[int]:
        """Where the tokens of a text end, in characters."""


def text_hash(text: str) -> str:
    """Names a document by what it says."""
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def chunks(document: Document, tokens: Tokens, most: int) -> Iterator[Chunk]:
    """Yield the passages of a document in order. Every character that is no blank is in exactly one of them."""
    key = text_hash(document.text)
    for number, span in enumerate(_spans(document, tokens, most)):
        yield Chunk(
            f"{key[:16]}:{number}", key, document.source, document.name, document.title, _place(document, span.start),
            span.start, span.end, document.text[span.start : span.end], span.n_tokens, span.cut,
        )  # fmt: skip


def _spans(document: Document, tokens: Tokens, most: int) -> Iterator[ChunkSpan]:
    starts = [mark.start for mark in document.marks] if document.apart else [0]
    for start, end in zip(starts, [*starts[1:], len(document.text)], strict=True):
        yield from packed(document.text, ChunkSpan(start, end), tokens, most)


def packed(text: str, part: ChunkSpan, tokens: Tokens, most: int) -> Iterator[ChunkSpan]:
    """Sentences of a part of a text, as many together as have at most so many tokens, without blanks around them."""
    held: ChunkSpan | None = None
    for piece in _pieces(text, part, tokens, most):
        if held is not None and (held.n_tokens + piece.n_tokens > most):
            yield from _trimmed(text, held)
            held = None
        held = piece if held is None else _together(held, piece)
    if held is not None:
        yield from _trimmed(text, held)


def sentences(text: str, part: ChunkSpan) -> Iterator[ChunkSpan]:
    """Spans that cover a part of a text, each ending with the blanks after a sentence."""
    start = part.start
    for match in _END.finditer(text, part.start, part.end):
        yield from _short(text, start, match.end())
        start = match.end()
    yield from _short(text, start, part.end)


def _short(text: str, start: int, end: int) -> Iterator[ChunkSpan]:
    """A sentence, in pieces where it does not end."""
    cut = end - start > _LONGEST_SENTENCE
    while end - start > _LONGEST_SENTENCE:
        last = start + _LONGEST_SENTENCE
        blank = text.rfind(" ", start + 1, last)
        last = last if blank < 0 else blank + 1
        yield ChunkSpan(start, last, cut=True)
        start = last
    if start < end:
        yield ChunkSpan(start, end, cut=cut)


def _pieces(text: str, part: ChunkSpan, tokens: Tokens, most: int) -> Iterator[ChunkSpan]:
    """Sentences with their tokens counted, too long ones cut."""
    batch: list[ChunkSpan] = []
    for sentence in sentences(text, part):
        batch.append(sentence)
        if len(batch) == _SENTENCES_A_BATCH:
            yield from _counted(text, batch, tokens, most)
            batch = []
    if batch:
        yield from _counted(text, batch, tokens, most)


def _counted(text: str, batch: list[ChunkSpan], tokens: Tokens, most: int) -> Iterator[ChunkSpan]:
    counts = tokens.counts([text[span.start : span.end] for span in batch])
    for span, n_tokens in zip(batch, counts, strict=True):
        if n_tokens <= most:
            yield span._replace(n_tokens=n_tokens)
        else:
            yield from _cut(text, span, tokens, most)


def _cut(text: str, span: ChunkSpan, tokens: Tokens, most: int) -> Iterator[ChunkSpan]:
    """A sentence in pieces of at most so many tokens, cut between words, or inside one that alone is too long."""
    ends = [span.start + end for end in tokens.ends(text[span.start : span.end])]
    start, first = span.start, 0
    while len(ends) - first > most:
        last = _whole(ends, first, first + most)
        end = _word_end(text, start, ends[last - 1])
        while last > first + 1 and ends[last - 1] > end:
            last -= 1
        yield ChunkSpan(start, end, last - first, cut=True)
        start, first = end, last
    yield ChunkSpan(start, span.end, len(ends) - first, cut=True)


def _whole(ends: list[int], first: int, last: int) -> int:
    """The nearest count of tokens that ends with a character: one may take several tokens."""
    while last > first + 1 and ends[last] == ends[last - 1]:
        last -= 1
    while last < len(ends) and ends[last] == ends[last - 1]:
        last += 1
    return last


def _word_end(text: str, start: int, end: int) -> int:
    """The end of the last whole word before `end`; `end` itself where there is none."""
    if text[end : end + 1].isspace():
        return end
    blank = max((match.end() for match in re.finditer(r"\s", text[start:end])), default=0)
    return start + blank if text[start : start + blank].strip() else end


def _together(held: ChunkSpan, piece: ChunkSpan) -> ChunkSpan:
    return ChunkSpan(held.start, piece.end, held.n_tokens + piece.n_tokens, held.cut or piece.cut)


def _trimmed(text: str, span: ChunkSpan) -> Iterator[ChunkSpan]:
    """A span without the blanks around it; none where it has nothing else."""
    found = text[span.start : span.end]
    if found.strip():
        start = span.start + len(found) - len(found.lstrip())
        yield span._replace(start=start, end=start + len(found.strip()))


def _place(document: Document, start: int) -> str:
    """The name of the last mark before a character."""
    found = bisect_right(document.marks, start, key=lambda mark: mark.start)
    return document.marks[found - 1].name if found else ""
