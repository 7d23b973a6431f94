"""Reads the bytes behind the entries of a vocabulary, and writes them as characters where they form some.

Vocabularies of bytes write each byte as a character of its own (a blank as Ġ), others write single bytes as <0xE2>:
neither is meant to be read by people. * imports neither Qt nor torch."""

import re
from functools import cache

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
_SPECIAL_BLANK = "▁"


def shown(entry: str, *, byte_level: bool) -> str:
    """An entry as text; bytes that form no character appear in hexadecimal, as ⟨E2 80⟩.

    byte_level: whether each character of the vocabulary's entries stands for one byte."""
    content = bytes_of(entry, byte_level=byte_level)
    if content is None:
        return entry.replace(_SPECIAL_BLANK, " ")
    return "".join(_parts(content))


def bytes_of(entry: str, *, byte_level: bool) -> bytes | None:
    """The bytes that an entry stands for; None where it is plain text, as special tokens are."""
    single = _BYTE.fullmatch(entry)
    if single is not None:
        return bytes([int(single[1], 16)])
    alphabet = _alphabet()
    if not byte_level or not entry or not alphabet.keys() >= set(entry):
        return None
    return bytes(alphabet[character] for character in entry)


@cache
def _alphabet() -> dict[str, int]:
    """The byte that each character of a vocabulary of bytes stands for: printable ones stand for themselves."""
    others = [byte for byte in range(256) if byte not in _PRINTABLE]
    return {chr(byte): byte for byte in _PRINTABLE} | {chr(256 + n): byte for n, byte in enumerate(others)}


def _parts(content: bytes) -> list[str]:
    """Characters, and in brackets the bytes between them that form none."""
    parts, at = [], 0
    while at < len(content):
        try:
            parts.append(content[at:].decode("utf-8"))
            break
        except UnicodeDecodeError as error:
            parts.append(content[at : at + error.start].decode("utf-8"))
            end = at + error.end
            parts.append(f"⟨{content[at + error.start : end].hex(' ').upper()}⟩")
            at = end
    return [part for part in parts if part]
