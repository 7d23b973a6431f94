"""Foreign text made fit for display: whitespace visible, nothing that could act on the reader; knows no widget."""

import unicodedata
from functools import lru_cache

LONGEST = 240
_MARKS = {" ": "·", "\n": "⏎", "\t": "⇥", "\x7f": "␡"}
# Joiners and variation selectors belong to emoji and to several scripts; they reorder and hide nothing.
_HARMLESS_FORMATS = {"\u200c", "\u200d"}
# Letters and marks that are drawn as nothing at all.
_BLANKS = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
# More marks than any script puts on one letter would be drawn over the lines above and below.
_MARKS_ON_ONE = 4
_CIRCLE = "◌"
_ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co"}


def visible(text: str, *, longest: int = LONGEST) -> str:
    """The text as a viewer may safely see it; what exceeds `longest` characters is counted instead of shown."""
    shown = _visible(text[:longest])
    n_more = len(text) - longest
    return shown if n_more <= 0 else f"{shown}…⟨+{n_more:,} characters⟩"


@lru_cache(maxsize=65536)
def _visible(text: str) -> str:
    return text.replace(" ", "·") if text.isascii() and text.isprintable() else _with_few_marks(text)


def _with_few_marks(text: str) -> str:
    """Every character as it is shown; a mark without a letter on a circle, a pile of marks cut and counted."""
    shown: list[str] = []
    n_marks = 0
    for char in text:
        combines = unicodedata.category(char).startswith("M")
        if not combines:
            shown += _counted(n_marks), _mark(char)
        elif n_marks < _MARKS_ON_ONE:
            shown += ("" if shown else _CIRCLE), _mark(char)
        n_marks = n_marks + 1 if combines else 0
    return "".join(shown) + _counted(n_marks)


def _counted(n_marks: int) -> str:
    return "" if n_marks <= _MARKS_ON_ONE else f"⟨+{n_marks - _MARKS_ON_ONE} marks⟩"


def _mark(char: str) -> str:
    if char in _MARKS:
        return _MARKS[char]
    if char < " ":
        return chr(0x2400 + ord(char))
    category = unicodedata.category(char)
    unseen = category == "Zs" or char in _BLANKS
    if unseen or (category in _ACTING and char not in _HARMLESS_FORMATS):
        return f"⟨U+{ord(char):04X}⟩"
    return char
