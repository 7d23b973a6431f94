"""Writes the letters of a text in one way, so that its words are found however a file or a question writes them.

* imports neither Qt nor torch."""

import re
import unicodedata

# Soft hyphens, and the marks of width zero at which a line may or may not be broken; a joiner is part of a word.
_NO_LETTERS = dict.fromkeys((*range(0x80, 0xA0), *map(ord, "\u00ad\u200b\u2060\ufeff")))
# Letters and digits that stand for others: joined (ﬁ), full width, by their place in a word, of mathematical alphabets.
# What is written above or below the line keeps its meaning (m², ª), so do all signs.
_SAME = frozenset({"<compat>", "<wide>", "<narrow>", "<initial>", "<medial>", "<final>", "<isolated>", "<font>"})
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_ASCII_CONTROLS = dict.fromkeys((*range(9), *range(14, 32), 127))


def plain(text: str) -> str:
    """The text in composed letters, without joined ones, soft hyphens, control characters and halves of pairs."""
    text = text.translate(_ASCII_CONTROLS)
    if text.isascii():
        return text
    clean = text.encode("utf-8", "replace").decode("utf-8").translate(_NO_LETTERS)
    return unicodedata.normalize("NFC", _FOREIGN.sub(lambda match: _LETTERS[match[0]], clean))


class _Letters(dict[str, str]):
    """What each character is written as, looked up once."""

    def __missing__(self, character: str) -> str:
        kind, category = unicodedata.decomposition(character).partition(" ")[0], unicodedata.category(character)
        # One character that is a word or a phrase of its own, as there are a few in Arabic, stays as it is.
        same = kind in _SAME and category in ("Ll", "Lu", "Lt", "Lo", "Lm", "Nd", "Nl")
        written = unicodedata.normalize("NFKC", character) if same else character
        self[character] = written if " " not in written else character
        return self[character]


_LETTERS = _Letters()
