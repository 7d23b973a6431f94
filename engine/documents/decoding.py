"""Decodes bytes to text, reports what had to be guessed, and recognises binary content.

* imports neither Qt nor torch."""

import codecs
from typing import NamedTuple

_PROBED_BYTES = 8192
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# In UTF-16 without a byte order mark, at least this share of every second byte is zero if the letters are Latin.
_WIDE_SHARE = 0.4
_CONTROL_SHARE = 0.05
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"
REPLACEMENT = "\ufffd"


class Decoded(NamedTuple):
    """A text and how reliable it is. guessed: its encoding was guessed; n_replaced: characters lost."""

    text: str
    guessed: bool = False
    n_replaced: int = 0


def decode(raw: bytes, declared: str = "") -> Decoded | None:
    """Decode UTF-8, UTF-16 or the declared encoding; otherwise each line as UTF-8 or Windows-1252.

    Returns None if the bytes are not text."""
    if raw.startswith(_WIDE_MARKS):
        return _count_losses(raw.decode("utf-16", "replace"))
    if wide := _wide(raw):
        return _count_losses(raw.decode(wide, "replace"), guessed=True)
    if _is_binary(raw):
        return None
    for encoding in filter(None, ("utf-8-sig", declared)):
        try:
            return Decoded(raw.decode(encoding))
        except (ValueError, LookupError):  # an unknown encoding, or a codec that does not produce text
            continue
    return _count_losses("".join(map(_line, raw.splitlines(keepends=True))), guessed=True)


def _line(raw: bytes) -> str:
    """Decode one line: files pasted together from several usually have one encoding per line."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _count_losses(text: str, *, guessed: bool = False) -> Decoded:
    return Decoded(text, guessed, text.count(REPLACEMENT))


def _wide(raw: bytes) -> str:
    """The UTF-16 byte order, judging by the positions of zero bytes; empty if the bytes are not UTF-16."""
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
