"""Makes foreign text safe for display: whitespace is marked, control and formatting characters are spelled out.

* imports neither Qt nor torch."""

import unicodedata
from functools import lru_cache

LONGEST = 240
_SYMBOLS = {" ": "·", "\n": "⏎", "\t": "⇥", "\x7f": "␡"}
# Joiners and variation selectors belong to emoji and to several scripts; they neither reorder nor hide text.
_HARMLESS_FORMATS = {"\u200c", "\u200d"}
# Letters and marks that are drawn as nothing.
_BLANKS = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
# More marks than any script puts on one letter would cover the lines above and below.
_MAX_MARKS = 4
_CIRCLE = "◌"
_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co"}


def visible(text: str, *, longest: int = LONGEST) -> str:
    """The text in a form that is safe to view; characters beyond `longest` are counted instead of shown."""
    shown = _visible(text[:longest])
    n_more = len(text) - longest
    return shown if n_more <= 0 else f"{shown}…⟨+{n_more:,} characters⟩"


def one_line(text: str, *, longest: int = LONGEST) -> str:
    """A foreign name or message with ordinary spaces; control and formatting characters are made visible."""
    shown = " ".join(map(_visible, text[:longest].split(" ")))
    n_more = len(text) - longest
    return shown if n_more <= 0 else f"{shown}…⟨+{n_more:,} characters⟩"


def paragraphs(text: str, *, longest: int | None = None) -> str:
    """Foreign text of several lines, each as `one_line` shows it. longest: characters to show, None for all."""
    n_more = 0 if longest is None else max(0, len(text) - longest)
    lines = text[:longest].replace("\r\n", "\n").split("\n")
    shown = "\n".join(one_line(line, longest=max(len(line), 1)) for line in lines)
    return f"{shown}…⟨+{n_more:,} characters⟩" if n_more else shown


def printable(text: str) -> str:
    """Foreign text for a terminal, as it is but for what would steer the terminal or turn the direction of a line.

    Line ends and tabs stay, and so do marks without a letter: a text may come in parts."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in "\n\t" or not _steers(char) else _symbol(char) for char in text)


def _steers(char: str) -> bool:
    """Whether a character is a control, a format or a separator that is not drawn."""
    return unicodedata.category(char) in _UNSAFE_CATEGORIES and char not in _HARMLESS_FORMATS


@lru_cache(maxsize=65536)
def _visible(text: str) -> str:
    return text.replace(" ", "·") if text.isascii() and text.isprintable() else _with_few_marks(text)


def _with_few_marks(text: str) -> str:
    """Replace each character by what is shown; a mark without a letter gets a circle, excess marks are counted."""
    parts: list[str] = []
    n_marks = 0
    for char in text:
        combines = unicodedata.category(char).startswith("M")
        if not combines:
            parts += _excess_marks(n_marks), _symbol(char)
        elif n_marks < _MAX_MARKS:
            parts += ("" if parts else _CIRCLE), _symbol(char)
        n_marks = n_marks + 1 if combines else 0
    return "".join(parts) + _excess_marks(n_marks)


def _excess_marks(n_marks: int) -> str:
    return "" if n_marks <= _MAX_MARKS else f"⟨+{n_marks - _MAX_MARKS} marks⟩"


def _symbol(char: str) -> str:
    if char in _SYMBOLS:
        return _SYMBOLS[char]
    if char < " ":
        return chr(0x2400 + ord(char))
    category = unicodedata.category(char)
    invisible = category == "Zs" or char in _BLANKS or _is_noncharacter(ord(char))
    if invisible or (category in _UNSAFE_CATEGORIES and char not in _HARMLESS_FORMATS):
        return f"⟨U+{ord(char):04X}⟩"
    return char


def _is_noncharacter(code: int) -> bool:
    """Code points that stand for no character, ever; XML forbids some of them."""
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
