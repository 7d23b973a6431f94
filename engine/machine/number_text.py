"""Reads a number as people of any locale write it; imports nothing but `re` and `unicodedata`."""

import re
import unicodedata

# What groups digits by three: spaces of every kind, apostrophes and the Arabic separator, all read as `_`.
_GROUP_MARKS = frozenset("'’_\u066c\N{NARROW NO-BREAK SPACE}\N{NO-BREAK SPACE}\N{THIN SPACE} ")
_SIGNS = {"\N{MINUS SIGN}": "-", "\N{SMALL HYPHEN-MINUS}": "-", "\N{FULLWIDTH HYPHEN-MINUS}": "-", "+": "+", "-": "-"}
_POINTS = {"\u066b": ".", "\N{FULLWIDTH FULL STOP}": ".", "\N{FULLWIDTH COMMA}": ",", ".": ".", ",": ","}
_NUMBER = re.compile(r"([+-]?)([\d.,_]*\d[\d.,_]*)(?:[eE]([+-]?\d{1,4}))?", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:([.,_])\d{3})(?:\1\d{3})*", re.ASCII)
_BEGUN = re.compile(r"[+-]?(?:[\d.,_]*(?:\d[eE][+-]?\d{0,4})?)", re.ASCII)
_LONGEST = 400  # nobody writes a longer number; ten thousand digits would take long to read


def read_number(text: str) -> float | None:
    """The number that a text writes, with a point or a comma before the decimals; None where it writes none.

    A single point or comma is always the decimal mark, whatever the locale: `0.7` and `0,7` are the same number. Of
    two kinds of marks the last is the decimal one, and a mark that comes more than once groups by three."""
    if (match := _NUMBER.fullmatch(_plain(text))) is None:
        return None
    sign, digits, exponent = match.groups()
    whole, fraction = _split(digits)
    if whole is None or re.search(r"[.,_]", fraction):
        return None
    return float(f"{sign}{whole or 0}.{fraction or 0}e{exponent or 0}")


def read_whole(text: str) -> int | None:
    """The whole number that a text writes, its digits grouped by any mark or by none; None where it writes none."""
    plain = _plain(text)
    sign, digits = (plain[0], plain[1:]) if plain[:1] in ("+", "-") else ("", plain)
    if _GROUPED.fullmatch(digits):
        digits = re.sub(r"[.,_]", "", digits)
    return int(sign + digits) if re.fullmatch(r"\d+", digits, re.ASCII) else None


def begins_number(text: str) -> bool:
    """Whether a text may become a number by more typing."""
    return _BEGUN.fullmatch(_plain(text)) is not None


def is_ambiguous(text: str) -> bool:
    """Whether a text is a thousand to some and one to others, such as `1,000`; a point is read as in programs."""
    return re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", _plain(text), re.ASCII) is not None


def _plain(text: str) -> str:
    """The text with ASCII digits, signs and marks; direction marks and outer spaces left out."""
    return "".join(map(_plain_character, text.strip()[:_LONGEST]))


def _plain_character(character: str) -> str:
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    if unicodedata.category(character) == "Cf":
        return ""
    known = _SIGNS.get(character) or _POINTS.get(character)
    return known or ("_" if character in _GROUP_MARKS else character)


def _split(digits: str) -> tuple[str | None, str]:
    """Digits before and after the decimal mark; None where those before are grouped in no way people write."""
    marks = re.findall(r"[.,_]", digits)
    has_fraction = bool(marks) and marks[-1] != "_" and marks.count(marks[-1]) == 1
    whole, _, fraction = digits.rpartition(marks[-1]) if has_fraction else (digits, "", "")
    if not re.search(r"[.,_]", whole):
        return whole, fraction
    return (re.sub(r"[.,_]", "", whole) if _GROUPED.fullmatch(whole) else None), fraction
