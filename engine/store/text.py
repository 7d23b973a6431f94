"""Makes foreign text safe to store and to print, and foreign numbers safe to store.

* imports neither Qt nor torch."""

import math
import unicodedata

LARGEST = 2**53
# Control, surrogate and format characters: the last can turn the direction of a whole line around.
_UNSAFE = {"Cc", "Cs", "Cf"}


def one_line(text: str, most: int) -> str:
    """At most `most` characters of a text, with a space for each run of white space or unsafe characters."""
    part = text[: 2 * most]
    cleaned = "".join(" " if unicodedata.category(c) in _UNSAFE else c for c in part)
    words = " ".join(cleaned.split())
    return words if len(words) <= most else words[: most - 1] + "…"


def finite(value: float | None) -> float | None:
    """The value, None if it is not a number that can be shown."""
    return value if value is not None and math.isfinite(value) and abs(value) <= LARGEST else None


def count(value: int) -> int:
    """The value, bounded to what the database takes."""
    return max(0, min(LARGEST, value))
