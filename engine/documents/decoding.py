"""Bytes to text: which encoding, what had to be guessed, and what is no text at all; knows no files.

* imports neither Qt nor torch."""

import codecs
from typing import NamedTuple

_PROBED_BYTES = 8192
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Of every second byte of a text in UTF-16 without a mark, so many are zero where its letters are Latin.
_WIDE_SHARE = 0.4
_CONTROL_SHARE = 0.05
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"
REPLACEMENT = "\ufffd"


class Decoded(NamedTuple):
    """A text and how sure it is. guessed: it was not all in the encoding it began with; n_replaced: characters lost."""

    text: str
    guessed: bool = False
    n_replaced: int = 0


def decode(raw: bytes, declared: str = "") -> Decoded | None:
    """The text in UTF-8 or UTF-16, in the encoding it declares, or line by line in UTF-8 and Windows-1252.

    None where the bytes are no text."""
    if raw.startswith(_WIDE_MARKS):
        return _counted(raw.decode("utf-16", "replace"))
    if wide := _wide(raw):
        return _counted(raw.decode(wide, "replace"), guessed=True)
    if _is_binary(raw):
        return None
    for encoding in filter(None, ("utf-8-sig", declared)):
        try:
            return Decoded(raw.decode(encoding))
        except (ValueError, LookupError):  # unknown, or a conversion that makes no text
            continue
    return _counted("".join(map(_line, raw.splitlines(keepends=True))), guessed=True)


def _line(raw: bytes) -> str:
    """Files pasted together from several keep to one encoding a line."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _counted(text: str, *, guessed: bool = False) -> Decoded:
    return Decoded(text, guessed, text.count(REPLACEMENT))


def _wide(raw: bytes) -> str:
    """UTF-16 without a mark, by where its zero bytes are; empty where it is not that."""
    probe = raw[: min(_PROBED_BYTES, len(raw) // 2 * 2)]
    half = len(probe) // 2
    if half < 2 or b"\0" not in probe:
        return ""
    high_last, high_first = probe[1::2].count(0) / half, probe[::2].count(0) / half
    if high_last > _WIDE_SHARE and not high_first:
        return "utf-16-le"
    return "utf-16-be" if high_first > _WIDE_SHARE and not high_last else ""


def _is_binary(raw: bytes) -> bool:
    probe = raw[:_PROBED_BYTES]
    n_controls = len(probe) - len(probe.translate(None, _CONTROLS))
    return b"\0" in probe or n_controls > _CONTROL_SHARE * len(probe)
