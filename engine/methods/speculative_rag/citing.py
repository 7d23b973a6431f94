"""Finds the passages that a rationale rests on, by the numbers it names and the words they share.

* imports neither Qt nor torch."""

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w+", re.UNICODE)
_NUMBER = re.compile(r"\[(\d{1,4})\]")
_SHORTEST = 3
_ENOUGH = 0.5


def content_words(text: str) -> frozenset[str]:
    """Extract the words of a text that carry its content, in lower case."""
    # Imported late: only runs need it, and with it comes much of scikit-learn.
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = set(_WORD.findall(text.lower())) - ENGLISH_STOP_WORDS
    return frozenset(word for word in words if len(word) >= _SHORTEST or word.isdigit())


def cited(rationale: str, passages: Sequence[str]) -> tuple[int, ...]:
    """Find the places of the passages that a rationale names as [1], [2], … or shares most of its content words with.

    Of those that share words: all that have at least half of the rationale's words, or else the best one."""
    named = {int(number) - 1 for number in _NUMBER.findall(rationale)}
    words = content_words(rationale)
    shares = [len(words & content_words(text)) / len(words) if words else 0.0 for text in passages]
    best = max(shares, default=0.0)
    resting = {i for i, share in enumerate(shares) if share > 0 and share >= min(best, _ENOUGH)}
    return tuple(i for i in range(len(passages)) if i in named or i in resting)
