"""The texts that lengths are measured on: unseen texts of the built-in world, or a part of a file of the user's.

A text is cut to a length at its beginning or at its end, behind the signs that the tokenizer begins a text with."""

from bisect import bisect_right
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from engine.documents import readers, sources
from engine.documents.page_range import (
    BUILTIN,
    BUILTIN_TEXTS,
    CHRONICLES,
    DOSSIERS,
    STORIES,
    PageRange,
    parse_pages,
    refuse_no_file,
)
from engine.documents.pdf import PdfReader
from engine.documents.readers import Document, PlaceMark
from engine.documents.target_tokens import TargetTokens
from engine.errors import InputError
from engine.events import PageStart, TextPart
from engine.measuring.prompts import long_prompts, prompts_of_length
from engine.models.prompt_encoding import begin_ids, encode_inside

_BUILTIN_NAMES = {
    BUILTIN: "an unseen chronicle of the built-in world",
    CHRONICLES: "an unseen chronicle of the built-in world",
    DOSSIERS: "an unseen dossier of the built-in world, notes and questions about them",
    STORIES: "unseen stories of the built-in world, one after another",
}
# A text with more characters is not tokenized as a whole: its tokens are then estimated from those of the part read.
_MOST_CHARACTERS = 4 << 20
_CHARACTERS_A_TOKEN = 16


class FileText(NamedTuple):
    """What was read of a file. pages: the range, as it is shown; skipped: what could not be read, a sentence each.
    page_starts: of each page its number, from 1, and the character it begins with."""

    name: str
    text: str
    pages: str = ""
    skipped: tuple[str, ...] = ()
    page_starts: tuple[tuple[int, int], ...] = ()


class LongTexts(NamedTuple):
    """Texts as ids, each as long as the longest length or all there is, without the signs that begin a text.

    n_tokens: of all that there is to read, is_estimated: from a part of it. first, last: which of them the first text
    is. begin: the signs. pages_from: where pages begin, in tokens of all that there is; empty for less than two."""

    name: str
    texts: tuple[tuple[int, ...], ...]
    part: TextPart
    begin: tuple[int, ...]
    n_tokens: int
    first: int
    last: int
    pages: str = ""
    is_estimated: bool = False
    skipped: tuple[str, ...] = ()
    pages_from: tuple[PageStart, ...] = ()

    def prompt(self, index: int, length: int) -> tuple[int, ...]:
        """The first or the last tokens of a text, `length` with the signs before them."""
        ids, n = self.texts[index], length - len(self.begin)
        return (*self.begin, *(ids[:n] if self.part == "start" else ids[len(ids) - n :]))

    @property
    def longest(self) -> int:
        """The longest prompt that every text is enough for."""
        return len(self.begin) + min(map(len, self.texts))

    @property
    def cut(self) -> str:
        """What of the file was left out, in a sentence; empty where nothing was."""
        n_left = self.n_tokens - (self.last - self.first)
        if self.name in _BUILTIN_NAMES.values() or n_left <= 0:
            return ""
        about, where = "about " if self.is_estimated else "", "from its start" if self.part == "start" else "to its end"
        pages = f"pages {self.pages} of " if self.pages else ""
        if len(self.texts) > 1:
            where = f"in {len(self.texts)} places"
        return (
            f"{pages}{self.name} has {about}{self.n_tokens:,} tokens: {self.last - self.first:,} are read {where}, "
            f"{about}{n_left:,} are left out"
        )


def read(
    source: str, tokenizer: PreTrainedTokenizerBase, *, pages: str, part: TextPart, n_texts: int, longest: int
) -> LongTexts:
    """Read texts of `longest` tokens, or what there is. Raises InputError: no such file, no text, no such pages."""
    begin = begin_ids(tokenizer)
    n = max(1, longest - len(begin))
    if source in BUILTIN_TEXTS:
        if pages:
            raise InputError("pages: the built-in text has no pages", "leave the pages out, or name a file")
        ids = [tuple(ids[len(begin) :]) for ids in _builtin(source, tokenizer, n_texts, longest)]
        return LongTexts(_BUILTIN_NAMES[source], tuple(ids), part, begin, n, 0, n)
    file = read_file(source, pages)
    piece = _piece(len(file.text), n * n_texts, part)
    whole, n_tokens = _encoded(file.text, piece, tokenizer)
    places = _places(len(whole), n, n_texts, part, file.name)
    texts = tuple(tuple(whole[first:last]) for first, last in places)
    before = 0 if part == "start" else n_tokens - len(whole)
    first, last = before + places[0][0], before + places[0][1]
    is_estimated = n_tokens != len(whole)
    pages_from = _pages_from(file, piece, n_tokens, tokenizer)
    return LongTexts(
        file.name, texts, part, begin, n_tokens, first, last, file.pages, is_estimated, file.skipped, pages_from
    )  # fmt: skip


def _builtin(source: str, tokenizer: PreTrainedTokenizerBase, n_texts: int, longest: int) -> list[list[int]]:
    """Unseen texts of the world, each as long as the longest length."""
    if source == STORIES:
        return prompts_of_length(tokenizer, n_texts, longest)
    return long_prompts(tokenizer, n_texts, longest, "dossiers" if source == DOSSIERS else "chronicles")


def read_file(source: str, pages: str) -> FileText:
    """The text of a file, or of some of its pages. Raises InputError."""
    wanted = parse_pages(pages)
    refuse_no_file(source)
    path = Path(source).expanduser()
    documents, skipped = _documents(path)
    if not any(document.text.strip() for document in documents):
        raise InputError(skipped[0] if skipped else f"{source} holds no text", "name another file with text")
    if wanted is not None:
        return _pages_of(documents, wanted, path.name)._replace(skipped=tuple(skipped))
    text = "\n\n".join(document.text for document in documents)
    starts = [mark.start for mark in _page_marks(documents[0])] if len(documents) == 1 else []
    return FileText(path.name, text, "", tuple(skipped), tuple(enumerate(starts, 1)))


def _documents(path: Path) -> tuple[list[Document], list[str]]:
    """The documents in a file, and what of it could not be read, a sentence each."""
    listed = sources.find([str(path)])
    documents: list[Document] = []
    skipped = [f"{item.source} {item.reason}" for item in listed.skipped]
    with closing(PdfReader()) as reader:
        for entry in listed.entries:
            for item in readers.read(entry, reader):
                if isinstance(item, Document):
                    documents.append(item)
                else:
                    skipped.append(f"{item.source} {item.reason}")
    return documents, skipped


def _page_marks(document: Document) -> list[PlaceMark]:
    return [mark for mark in document.marks if mark.name.startswith("page ")]


def _pages_of(documents: Sequence[Document], wanted: PageRange, name: str) -> FileText:
    """A page range of a file. Raises InputError."""
    document = documents[0]
    marks = _page_marks(document)
    if not marks:
        raise InputError(f"pages: {name} has no pages", "leave the pages out")
    last = len(marks) if wanted.last is None else wanted.last
    if max(wanted.first, last) > len(marks):
        asked = f"pages {wanted.first}-{last}" if last > wanted.first else f"page {wanted.first}"
        raise InputError(f"{asked}: {name} has {len(marks):,} pages", f"choose from 1 to {len(marks):,}")
    start, end = marks[wanted.first - 1].start, marks[last].start if last < len(marks) else len(document.text)
    text = document.text[start:end].lstrip()
    start = end - len(text)
    text = text.rstrip()
    shown = str(wanted.first) if last == wanted.first else f"{wanted.first}–{last}"
    if not text:
        raise InputError(f"pages {shown} of {name} hold no text", "choose other pages")
    starts = (min(len(text), max(0, mark.start - start)) for mark in marks[wanted.first - 1 : last])
    return FileText(name, text, shown, page_starts=tuple(enumerate(starts, wanted.first)))


def _piece(n_characters: int, n_tokens: int, part: TextPart) -> slice:
    """The characters of a text that are tokenized: all, or of a huge one what so many tokens take at most."""
    most = max(_MOST_CHARACTERS, n_tokens * _CHARACTERS_A_TOKEN)
    if n_characters <= most:
        return slice(0, n_characters)
    return slice(0, most) if part == "start" else slice(n_characters - most, n_characters)


def _encoded(text: str, piece: slice, tokenizer: PreTrainedTokenizerBase) -> tuple[tuple[int, ...], int]:
    """The ids of a piece of a text, and how many the text has in all, estimated where the piece is not all of it."""
    ids = encode_inside(tokenizer, text[piece])
    return ids, round(len(ids) * len(text) / max(1, piece.stop - piece.start))


def _pages_from(
    file: FileText, piece: slice, n_tokens: int, tokenizer: PreTrainedTokenizerBase
) -> tuple[PageStart, ...]:
    """Where the pages of a text begin among its n_tokens; outside the piece that is tokenized, an estimate."""
    if len(file.page_starts) < 2:
        return ()
    ends = TargetTokens(tokenizer).ends(file.text[piece])
    n_before = 0 if piece.start == 0 else n_tokens - len(ends)
    starts = []
    for number, at in file.page_starts:
        in_piece = piece.start <= at < piece.stop
        token = n_before + bisect_right(ends, at - piece.start) if in_piece else round(n_tokens * at / len(file.text))
        starts.append(PageStart(number, min(token, n_tokens)))
    return tuple(starts)


def _places(n_all: int, n: int, n_texts: int, part: TextPart, name: str) -> list[tuple[int, int]]:
    """Where texts of n tokens lie in n_all: at the start or the end, or several side by side. Raises InputError."""
    if n_texts == 1:
        n = min(n, n_all)
        return [(0, n) if part == "start" else (n_all - n, n_all)]
    if n_all < n * n_texts:
        reason = f"{n_texts} texts of {n:,} tokens: {name} has {n_all:,} tokens"
        raise InputError(reason, f"use at most {max(1, n_all // n)} of that length, or a longer file")
    step = (n_all - n) // (n_texts - 1)
    return [(i * step, i * step + n) for i in range(n_texts)]
