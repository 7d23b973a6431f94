"""Cuts a document at sentence ends into passages of at most N of the target's tokens.

Each sentence is tokenized by itself, so that no long text is ever tokenized at once; next to other sentences its token
count would differ by one at most."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

from engine.documents.readers import Document

# Raised with every change of where the same text is cut, so that texts in an index are cut anew.
VERSION = 2
_SENTENCES_A_BATCH = 256
# A text without sentence ends is cut into pieces of so many characters before it is tokenized.
_LONGEST_SENTENCE = 8_000
# Signs that also stand inside words and numbers; they end a sentence where a space follows.
_SPACED = ".!?…؟۔։‼‽⁇⁈⁉"
# All other signs that end a sentence in some script (Sentence_Break=STerm of Unicode), and the Tibetan shad.
_UNSPACED = (
    r"\u061d\u061e\u0700-\u0702\u07f9\u0837\u0839\u083d\u083e\u0964\u0965\u0f0d-\u0f11\u104a\u104b\u1362\u1367\u1368"
    r"\u166e\u1735\u1736\u17d4\u17d5\u1803\u1809\u1944\u1945\u1aa8-\u1aab\u1b4e\u1b4f\u1b5a\u1b5b\u1b5e\u1b5f\u1b7d-\u1b7f"
    r"\u1c3b\u1c3c\u1c7e\u1c7f\u2cf9-\u2cfb\u2e2e\u2e3c\u2e53\u2e54\u2e60\u2e61\u3002\ua4ff\ua60e\ua60f\ua6f3\ua6f7\ua876"
    r"\ua877\ua8ce\ua8cf\ua92f\ua9c8\ua9c9\uaa5d-\uaa5f\uaaf0\uaaf1\uabeb\ufe12\ufe15\ufe16\ufe56\ufe57\uff01\uff1f\uff61"
    r"\U00010a56\U00010a57\U00010f55-\U00010f59\U00010f86-\U00010f89\U00011047\U00011048\U000110be-\U000110c1"
    r"\U00011141-\U00011143\U000111c5\U000111c6\U000111cd\U000111de\U000111df\U00011238\U00011239\U0001123b\U0001123c"
    r"\U000112a9\U000113d4\U000113d5\U0001144b\U0001144c\U000115c2\U000115c3\U000115c9-\U000115d7\U00011641\U00011642"
    r"\U0001173c-\U0001173e\U00011944\U00011946\U00011a42\U00011a43\U00011a9b\U00011a9c\U00011c41\U00011c42\U00011ef7"
    r"\U00011ef8\U00011f43\U00011f44\U00016a6e\U00016a6f\U00016af5\U00016b37\U00016b38\U00016b44\U00016d6e\U00016d6f"
    r"\U00016e98\U0001bc9f\U0001da88"
)
_CLOSING = "\"'”’»)\\]」』）】》〉"
_END = re.compile(
    rf"""(?<![{_SPACED}])[{_SPACED}]++[{_CLOSING}]*+\s+  # an end of a sentence, what closes it, the space after it
    |[{_UNSPACED}]++[{_CLOSING}]*+\s*  # where no space needs to follow
    |(?<=[\u0370-\u03ff\u1f00-\u1fff]);\s+  # the question mark of Greek
    |(?<=[\u0e00-\u0eff])[^\S\n]++(?=[\u0e00-\u0eff])  # the space of Thai and Lao, which have no sign
    |\n[^\S\n]*+(?=\n)\s+  # an empty line
    |\n(?=[^\S\n]*+(?:[-*+•]|\#{{1,6}}|\d{{1,3}}[.)])\s)  # the line before an item of a list or a heading
    |(?<=[-=~])\n+  # a line drawn under a heading""",
    re.VERBOSE,
)


class Chunk(NamedTuple):
    """Characters [start, end) of a document. place: its page or row. cut: it begins or ends inside a sentence.
    n_tokens: as they were counted: of the target, or of the embedder where that has more and both are to read it."""

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
    """Characters [start, end) of a text, and their number of tokens."""

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
    """Hash the text of a document and the version that cuts it; passages cut otherwise are those of another text."""
    return sha256(f"{VERSION}\n{text}".encode("utf-8", "replace")).hexdigest()


def chunks(document: Document, tokens: Tokens, most: int) -> Iterator[Chunk]:
    """Yield the passages of a document in order. Every non-blank character is in exactly one of them."""
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
    """Yield spans of whole sentences of a part of a text, of at most `most` tokens, without blanks around them."""
    open_span: ChunkSpan | None = None
    for piece in _pieces(text, part, tokens, most):
        if open_span is not None and (open_span.n_tokens + piece.n_tokens > most):
            yield from _trimmed(text, open_span)
            open_span = None
        open_span = piece if open_span is None else _merged(open_span, piece)
    if open_span is not None:
        yield from _trimmed(text, open_span)


def sentences(text: str, part: ChunkSpan) -> Iterator[ChunkSpan]:
    """Yield the sentences of a part of a text, each with the blanks after it, so that they cover the part."""
    start = part.start
    for match in _END.finditer(text, part.start, part.end):
        yield from _short(text, start, match.end())
        start = match.end()
    yield from _short(text, start, part.end)


def _short(text: str, start: int, end: int) -> Iterator[ChunkSpan]:
    """A sentence, in pieces if it is too long."""
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
    """Sentences with their tokens counted; those that are too long are cut."""
    batch: list[ChunkSpan] = []
    for sentence in sentences(text, part):
        batch.append(sentence)
        if len(batch) == _SENTENCES_A_BATCH:
            yield from _with_counts(text, batch, tokens, most)
            batch = []
    if batch:
        yield from _with_counts(text, batch, tokens, most)


def _with_counts(text: str, batch: list[ChunkSpan], tokens: Tokens, most: int) -> Iterator[ChunkSpan]:
    counts = tokens.counts([text[span.start : span.end] for span in batch])
    for span, n_tokens in zip(batch, counts, strict=True):
        if n_tokens <= most:
            yield span._replace(n_tokens=n_tokens)
        else:
            yield from _cut(text, span, tokens, most)


def _cut(text: str, span: ChunkSpan, tokens: Tokens, most: int) -> Iterator[ChunkSpan]:
    """A sentence in pieces of at most `most` tokens, cut between words, or inside a word that is too long."""
    ends = [span.start + end for end in tokens.ends(text[span.start : span.end])]
    start, first = span.start, 0
    while len(ends) - first > most:
        last = _character_end(ends, first, first + most)
        end = _word_end(text, start, ends[last - 1])
        while last > first + 1 and ends[last - 1] > end:
            last -= 1
        yield ChunkSpan(start, end, last - first, cut=True)
        start, first = end, last
    yield ChunkSpan(start, span.end, len(ends) - first, cut=True)


def _character_end(ends: list[int], first: int, last: int) -> int:
    """The token count nearest to `last` that ends with a character; a character may take several tokens."""
    while last > first + 1 and ends[last] == ends[last - 1]:
        last -= 1
    while last < len(ends) and ends[last] == ends[last - 1]:
        last += 1
    return last


def _word_end(text: str, start: int, end: int) -> int:
    """The end of the last complete word before `end`; `end` itself if there is none."""
    if text[end : end + 1].isspace():
        return end
    blank = max((match.end() for match in re.finditer(r"\s", text[start:end])), default=0)
    return start + blank if text[start : start + blank].strip() else end


def _merged(open_span: ChunkSpan, piece: ChunkSpan) -> ChunkSpan:
    return ChunkSpan(open_span.start, piece.end, open_span.n_tokens + piece.n_tokens, open_span.cut or piece.cut)


def _trimmed(text: str, span: ChunkSpan) -> Iterator[ChunkSpan]:
    """A span without the blanks around it; nothing if it is all blank."""
    content = text[span.start : span.end]
    if content.strip():
        start = span.start + len(content) - len(content.lstrip())
        yield span._replace(start=start, end=start + len(content.strip()))


def _place(document: Document, start: int) -> str:
    """The name of the last mark at or before a character."""
    n_before = bisect_right(document.marks, start, key=lambda mark: mark.start)
    return document.marks[n_before - 1].name if n_before else ""
