"""Joins words that were parted at the end of a line, as PDFs have them.

* imports neither Qt nor torch."""

import re

# A letter, a hyphen at the end of a line, and the rest of the word.
_PARTED = re.compile(r"(?P<first>[^\W\d_]{2,})[-\u2010\u00ad][^\S\n]*\n[^\S\n]*(?P<rest>[^\W\d_]+)")


def joined_words(text: str) -> str:
    """The text with parted words joined: without the hyphen, unless the word has it elsewhere in the text, too.

    A part that begins with a capital was a word of its own (Anglo-Saxon) and keeps its hyphen."""

    def join(match: re.Match[str]) -> str:
        first, rest = match["first"], match["rest"]
        compound = f"{first}-{rest}"
        if rest[0].isupper() or compound in text:
            return compound
        return first + rest

    return _PARTED.sub(join, text) if "\n" in text else text
