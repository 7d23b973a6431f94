"""Reads what each token of a tokenizer spells, as bytes, from its entries.

A byte-level entry is written in an alphabet of 256 characters, a SentencePiece entry with a sign for the space and with
`<0xE2>` for single bytes; both become the bytes they stand for, so that entries of different tokenizers compare."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal, TypeAlias

import numpy as np
from transformers import PreTrainedTokenizerBase

Style: TypeAlias = Literal["byte_level", "space_sign"]

NO_ENTRY, TEXT, BYTE, SPECIAL = range(4)
_SPACE_SIGN = "▁"
_BYTE_LEVEL_SPACE = "Ġ"
_BYTE_ENTRY = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@dataclass(frozen=True)
class Spelling:
    """What each token spells. text: all tokens one after another, that of id i from starts[i] to starts[i + 1].

    kinds: [n] uint8: TEXT; BYTE, a single byte written by its number; SPECIAL, which spells no text, its bytes are its
    name; NO_ENTRY. ends: ids that end a text, end: the tokenizer's own, None where it has none. begins: special ids
    that the tokenizer puts before a text."""

    text: bytes
    starts: np.ndarray
    kinds: np.ndarray
    ends: frozenset[int]
    end: int | None
    begins: tuple[int, ...]

    def __len__(self) -> int:
        """One more than the largest id."""
        return len(self.kinds)

    def first(self, n: int) -> "Spelling":
        """The same of the first n ids, where a model knows no more of them."""
        if n >= len(self):
            return self
        ends = frozenset(token for token in self.ends if token < n)
        return replace(
            self,
            starts=self.starts[: n + 1], kinds=self.kinds[:n], ends=ends,
            end=self.end if self.end in ends else min(ends, default=None),
            begins=tuple(token for token in self.begins if token < n),
        )  # fmt: skip

    def of(self, token: int) -> bytes:
        """The bytes of a token; the name of a special one."""
        return self.text[self.starts[token] : self.starts[token + 1]]

    def is_text(self, token: int) -> bool:
        """Whether a token stands for text, not for a sign of its tokenizer, and has an entry."""
        return 0 <= token < len(self.kinds) and self.kinds[token] in (TEXT, BYTE)

    def is_special(self, token: int) -> bool:
        """Whether a token is a sign of its tokenizer."""
        return 0 <= token < len(self.kinds) and bool(self.kinds[token] == SPECIAL)

    def joined(self, tokens: Iterable[int]) -> bytes:
        """The bytes of several tokens."""
        return b"".join(map(self.of, tokens))

    def ends_of(self, tokens: Sequence[int]) -> list[int]:
        """Where each of several tokens ends in their joined bytes."""
        at = np.asarray(tokens, dtype=np.int64)
        ends: list[int] = np.cumsum(self.starts[at + 1] - self.starts[at]).tolist()
        return ends


def spelling_of(tokenizer: PreTrainedTokenizerBase, stop_ids: Iterable[int] = ()) -> Spelling:
    """Read all entries of a tokenizer. stop_ids: ids that end a text besides the tokenizer's own end-of-text."""
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    n = max(vocabulary.values(), default=-1) + 1
    kinds, texts = bytearray(n), [b""] * n
    style = style_of(tokenizer)
    for entry, token in vocabulary.items():
        kinds[token], texts[token] = _read(entry, style)
    special = frozenset(tokenizer.all_special_ids)
    for token, added in tokenizer.added_tokens_decoder.items():
        texts[token] = str(added.content).encode("utf-8", "replace")
        kinds[token] = SPECIAL if added.special else TEXT
    ends = frozenset(token for token in (*stop_ids, tokenizer.eos_token_id) if token is not None and token < n)
    for token in special | ends:
        kinds[token] = SPECIAL
    starts = np.zeros(n + 1, dtype=np.int64)
    np.cumsum([len(text) for text in texts], out=starts[1:])
    return Spelling(
        b"".join(texts), starts, np.frombuffer(bytes(kinds), dtype=np.uint8), ends,
        tokenizer.eos_token_id if tokenizer.eos_token_id in ends else min(ends, default=None),
        tuple(takewhile(special.__contains__, tokenizer("a")["input_ids"])),
    )  # fmt: skip


def style_of(tokenizer: PreTrainedTokenizerBase) -> Style:
    """How a tokenizer writes its entries, by its decoder; by its entries where it names none."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    decoder = None if backend is None else backend.decoder
    names = set() if decoder is None else set(_type_names(json.loads(decoder.__getstate__())))
    if "ByteLevel" in names:
        return "byte_level"
    if names & {"Metaspace", "Replace"}:
        return "space_sign"
    signs = [entry[:1] for entry in tokenizer.get_vocab()]
    return "byte_level" if signs.count(_BYTE_LEVEL_SPACE) > signs.count(_SPACE_SIGN) else "space_sign"


def _type_names(decoder: object) -> Iterator[str]:
    """The names of a decoder and of all its parts."""
    if isinstance(decoder, dict):
        yield str(decoder.get("type", ""))
        for part in decoder.get("decoders", ()):
            yield from _type_names(part)


_ALPHABET_BYTES = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]


def byte_alphabet() -> dict[int, int]:
    """Code point of each character of the byte-level alphabet -> its byte: printable ones stand for themselves."""
    others = [byte for byte in range(256) if byte not in set(_ALPHABET_BYTES)]
    return {**{byte: byte for byte in _ALPHABET_BYTES}, **{256 + i: byte for i, byte in enumerate(others)}}


_BYTE_OF = byte_alphabet()


def _read(entry: str, style: Style) -> tuple[int, bytes]:
    """Kind and bytes of an entry of the vocabulary proper."""
    if not entry:
        return NO_ENTRY, b""
    if style == "space_sign":
        byte = entry.startswith("<0x") and _BYTE_ENTRY.fullmatch(entry)
        return (
            (BYTE, bytes.fromhex(byte[1]))
            if byte
            else (TEXT, entry.replace(_SPACE_SIGN, " ").encode("utf-8", "replace"))
        )
    try:
        return TEXT, entry.translate(_BYTE_OF).encode("latin-1")
    except UnicodeEncodeError:  # not written in the alphabet
        return TEXT, entry.encode("utf-8", "replace")
