"""Encodes bytes in a tokenizer's tokens, at the beginning of a text or inside one, so that nothing is added or lost."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from engine.vocabularies.spelling import BYTE, Spelling

# Bytes that are no UTF-8, as Python decodes them; each stands for one byte.
_STRAY = re.compile("([\udc80-\udcff]+)")
# Put before a text that does not begin where the tokenizer would add a space to its first word.
_ANCHORS = ("\n", "a")
_N_SAMPLES = 16


class TextBeginning(NamedTuple):
    """The beginning of a text in tokens. n_extra: bytes that they spell before the text itself."""

    ids: list[int]
    n_extra: int


class TextEncoder:
    """Encodes with one tokenizer; text that looks like a special token stays text."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, spelling: Spelling) -> None:
        self.spelling = spelling
        self._tokenizer = tokenizer
        self._bytes = _single_bytes(spelling)
        self._added = self._spelled("a").removesuffix(b"a")
        self._anchor = next((anchor for anchor in _ANCHORS if self._is_safe(anchor)), "") if self._added else ""

    def writes(self, stray: bytes | bytearray) -> bool:
        """Whether bytes that form no character can be encoded."""
        return all(byte in self._bytes for byte in stray)

    def beginning(self, text: bytes) -> TextBeginning | None:
        """Encode the beginning of a text, to which a tokenizer may add a space; None if the tokens spell another."""
        rest = text.removeprefix(self._added)
        first, *pieces = _STRAY.split(rest.decode("utf-8", "surrogateescape"))
        following = self._inside(pieces)
        if first and following is not None:
            ids = self._characters(first) + following
            if self._spells(ids, self._added + rest):
                return TextBeginning(ids, len(self._added) + len(rest) - len(text))
        inside = self.inside(text)
        return None if inside is None else TextBeginning(inside, 0)

    def inside(self, text: bytes) -> list[int] | None:
        """Encode a piece from inside a text; None if the tokens would spell another."""
        ids = self._inside(_STRAY.split(text.decode("utf-8", "surrogateescape")))
        return ids if ids is not None and self._spells(ids, text) else None

    def anyhow(self, text: bytes) -> list[int]:
        """Encode a piece as well as it can be, whatever the tokens spell."""
        return [token for token in self._characters(text.decode("utf-8", "ignore")) if self.spelling.is_text(token)]

    def _inside(self, pieces: Sequence[str]) -> list[int] | None:
        """Encode characters by the tokenizer and bytes that form none one by one; None where either cannot be."""
        ids: list[int] = []
        for piece in filter(None, pieces):
            if _STRAY.match(piece):
                stray = piece.encode("utf-8", "surrogateescape")
                if not self.writes(stray):
                    return None
                ids += [self._bytes[byte] for byte in stray]
                continue
            inside = self._after_anchor(piece)
            if inside is None:
                return None
            ids += inside
        return ids

    def _after_anchor(self, piece: str) -> list[int] | None:
        """Encode characters as they are inside a text; None where they would form a token with what is before them."""
        ids = self._characters(self._anchor + piece)
        n_before = len(self._added) + len(self._anchor)
        if not n_before:
            return ids
        ends = self.spelling.ends_of(ids)
        return ids[ends.index(n_before) + 1 :] if n_before in ends else None

    def _characters(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(
            text, add_special_tokens=False, split_special_tokens=True, verbose=False
        )
        return ids

    def _spells(self, ids: Sequence[int], text: bytes) -> bool:
        """Whether ids are a text, and none a sign that it only looks like."""
        return self.spelling.joined(ids) == text and all(map(self.spelling.is_text, ids))

    def _spelled(self, text: str) -> bytes:
        """What the tokens of a text spell."""
        return self.spelling.joined(self._characters(text))

    def _is_safe(self, anchor: str) -> bool:
        """Whether nothing is lost of a text that begins with an anchor."""
        return self._spelled(anchor) == self._added + anchor.encode()


class Misread(NamedTuple):
    """A text that its tokens do not spell: the first of them, and the text."""

    token_id: int
    text: str


def misread(encoder: TextEncoder) -> Misread | None:
    """A text of words of a vocabulary, if its tokens spell none of several such texts, as where blanks are lost."""
    words = _words(encoder.spelling)
    texts = [f"{first} {second}" for first, second in pairwise(words)]
    if not texts or any(encoder.beginning(text.encode()) is not None for text in texts):
        return None
    return Misread(next(iter(encoder.anyhow(texts[0].encode())), 0), texts[0])


def _words(spelling: Spelling) -> list[str]:
    """Some entries that are words, from all over the vocabulary."""
    step = max(1, len(spelling) // (64 * _N_SAMPLES))
    texts = (spelling.of(token).decode("utf-8", "replace").strip() for token in range(0, len(spelling), step))
    return [text for text in texts if text.isascii() and text.isalpha()][-_N_SAMPLES:]


def _single_bytes(spelling: Spelling) -> dict[int, int]:
    """A token for each single byte that has one, rather one that is written by its number."""
    lengths = spelling.starts[1:] - spelling.starts[:-1]
    ids = [token for token in (lengths == 1).nonzero()[0].tolist() if spelling.is_text(token)]
    by_number = sorted(ids, key=lambda token: (spelling.kinds[token] == BYTE, -token))
    return {spelling.of(token)[0]: token for token in by_number}


def n_unfinished(text: bytes | bytearray) -> int:
    """How many bytes at the end begin a character that is not complete."""
    for n, byte in enumerate(reversed(text[-3:]), 1):
        if byte >= 0xC0:
            return n if n < _character_length(byte) else 0
        if byte < 0x80:
            return 0
    return 0


def _character_length(first_byte: int) -> int:
    return 2 if first_byte < 0xE0 else 3 if first_byte < 0xF0 else 4 if first_byte < 0xF8 else 1


def character_start(text: bytes | bytearray, at: int, *, least: int = 0) -> int:
    """The beginning of the character that the byte at an index belongs to, no earlier than `least`."""
    while least < at < len(text) and 0x80 <= text[at] < 0xC0:
        at -= 1
    return at
