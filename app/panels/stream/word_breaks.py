"""Decides where a line of the token stream may break: between words, not inside them.

* imports neither Qt nor torch."""

import unicodedata
from functools import lru_cache

# Spaces and ends of lines as they are and as the stream marks them.
_SPACES = frozenset(" \n\t·⏎⇥")
_CLOSING = frozenset({"Pe", "Pf", "Po"})
_OPENING = frozenset({"Ps", "Pi"})


@lru_cache(maxsize=65536)
def may_break(before: str, after: str) -> bool:
    """Return whether a line may break between two adjacent characters; "" before stands for the start of a line."""
    if not before or before in _SPACES or after in _SPACES:
        return True
    if unicodedata.category(before) == "Pd":
        return unicodedata.category(after).startswith("L")
    return _is_without_spaces(before, after) and not _is_held_together(before, after)


def _is_without_spaces(before: str, after: str) -> bool:
    """Whether the characters are of a script that writes words without spaces between them."""
    return any(unicodedata.east_asian_width(char) in "WF" for char in (before, after))


def _is_held_together(before: str, after: str) -> bool:
    """Whether punctuation belongs to its neighbour."""
    return unicodedata.category(before) in _OPENING or unicodedata.category(after) in _CLOSING
