"""Foreign text made fit for display: whitespace visible, nothing that could act on the reader; knows no widget."""

import unicodedata
from functools import lru_cache

LONGEST = 240
_MARKS = {" ": "·", "\n": "⏎", "\t": "⇥", "\x7f": "␡"}
# Joiners and variation selectors belong to emoji and to several scripts; they reorder and hide nothing.
_HARMLESS_FORMATS = {"\u200c", "\u200d"}
_ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co"}


def visible(text: str, *, longest: int = LONGEST) -> str:
    """The text as a viewer may safely see it; what exceeds `longest` characters is counted instead of shown."""
    shown = _visible(text[:longest])
    n_more = len(text) - longest
    return shown if n_more <= 0 else f"{shown}…⟨+{n_more:,} characters⟩"


@lru_cache(maxsize=65536)
def _visible(text: str) -> str:
    return text.replace(" ", "·") if text.isascii() and text.isprintable() else "".join(map(_mark, text))


def _mark(char: str) -> str:
    if char in _MARKS:
        return _MARKS[char]
    if char < " ":
        return chr(0x2400 + ord(char))
    category = unicodedata.category(char)
    foreign_space = category == "Zs"
    if foreign_space or (category in _ACTING and char not in _HARMLESS_FORMATS):
        return f"⟨U+{ord(char):04X}⟩"
    return char
