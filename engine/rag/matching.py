"""Compares answers by their words: apart from case, punctuation, articles and the forms of letters.

* imports neither Qt nor torch."""

import re
import unicodedata

from engine.prompts import one_line

_ARTICLES = ("a", "an", "the")


def plain(text: str) -> str:
    """The text without differences of case, blanks and forms of letters."""
    return one_line(unicodedata.normalize("NFKC", text).casefold())


def words(text: str) -> list[str]:
    """The words that count."""
    return [word for word in re.findall(r"\w+", plain(text)) if word not in _ARTICLES]


def same_words(answer: str | None, known: str) -> bool:
    """Whether an answer says the known one word for word; no answer says nothing."""
    own = words(answer or "")
    return bool(own) and own == words(known)
