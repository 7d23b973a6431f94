"""Reads several whole numbers from one line, such as `512, 2048, 8192` or `1k 4k`."""

import re
from collections.abc import Iterator

_SEPARATORS = re.compile(r"[\s,;،؛、，；]+")
_MOST_DIGITS = 9


def numbers_in(text: str) -> Iterator[tuple[str, int | None]]:
    """Yield each word of the line with its number, None where it is none; k stands for 1,024."""
    for word in filter(None, _SEPARATORS.split(text.strip())):
        yield word, _number(word)


def _number(word: str) -> int | None:
    times = 1024 if word[-1] in "kK" else 1
    digits = word[:-1] if times > 1 else word
    return int(digits) * times if digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS else None
