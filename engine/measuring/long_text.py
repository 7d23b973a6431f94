"""The texts that lengths are measured on: unseen texts of the built-in world, or a part of a file of the user's.

A text is cut to a length at its beginning or at its end, behind the signs that the tokenizer begins a text with."""

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
from engine.documents.readers import Document
from engine.errors import InputError
from engine.events import TextPart
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
    """What was read of a file. pages: the range, as it is shown; skipped: what could not be read, a sentence each."""

    name: str
    text: str
    pages: str = ""
    skipped: tuple[str, ...] = ()


class LongTexts(NamedTuple):
    """Texts as ids, each as long as the longest length or all there is, without the signs that begin a text.

    n_tokens: of all that there is to read, is_estimated: from a part of it. first, last: which of them the first text
    is. begin: the signs."""

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
    whole, n_tokens = _encoded(file.text, tokenizer, n * n_texts, part)
    places = _places(len(whole), n, n_texts, part, file.name)
    texts = tuple(tuple(whole[first:last]) for first, last in places)
    before = 0 if part == "start" else n_tokens - len(whole)
    first, last = before + places[0][0], before + places[0][1]
    is_estimated = n_tokens != len(whole)
    return LongTexts(file.name, texts, part, begin, n_tokens, first, last, file.pages, is_estimated, file.skipped)


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
    if wanted is None:
        return FileText(path.name, "\n\n".join(document.text for document in documents), "", tuple(skipped))
    text, shown = _pages_of(documents, wanted, path.name)
    return FileText(path.name, text, shown, tuple(skipped))


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


def _pages_of(documents: Sequence[Document], wanted: PageRange, name: str) -> tuple[str, str]:
    """The text of a page range, and the range as it is shown. Raises InputError."""
    document = documents[0]
    marks = [mark for mark in document.marks if mark.name.startswith("page ")]
    if not marks:
        raise InputError(f"pages: {name} has no pages", "leave the pages out")
    last = len(marks) if wanted.last is None else wanted.last
    if max(wanted.first, last) > len(marks):
        asked = f"pages {wanted.first}-{last}" if last > wanted.first else f"page {wanted.first}"
        raise InputError(f"{asked}: {name} has {len(marks):,} pages", f"choose from 1 to {len(marks):,}")
    end = marks[last].start if last < len(marks) else len(document.text)
    text = document.text[marks[wanted.first - 1].start : end].strip()
    shown = str(wanted.first) if last == wanted.first else f"{wanted.first}–{last}"
    if not text:
        raise InputError(f"pages {shown} of {name} hold no text", "choose other pages")
    return text, shown


def _encoded(text: str, tokenizer: PreTrainedTokenizerBase, n: int, part: TextPart) -> tuple[tuple[int, ...], int]:
    """The ids of a text, or of as much of it as n tokens take; and how many it has in all, estimated in that case."""
    n_characters = max(_MOST_CHARACTERS, n * _CHARACTERS_A_TOKEN)
    if len(text) <= n_characters:
        ids = encode_inside(tokenizer, text)
        return ids, len(ids)
    piece = text[:n_characters] if part == "start" else text[-n_characters:]
    ids = encode_inside(tokenizer, piece)
    return ids, round(len(ids) * len(text) / len(piece))


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
