"""Scores an answer against the known ones by exact match and by the words they share.

* imports neither Qt nor torch. Both ignore case, punctuation and articles, as is usual for open questions (SQuAD,
arXiv:1606.05250, section 6.1), and take the known answer that fits best."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_MARKS = re.compile(r"[^\w\s]")


def exact_match(answer: str | None, known: Sequence[str]) -> bool:
    """Whether an answer is one of the known ones; no answer is not."""
    return bool(answer) and any(_words(answer or "") == _words(each) for each in known)


def shared_words(answer: str | None, known: Sequence[str]) -> float:
    """F1 of the words of an answer and of the known answer that it shares most with."""
    return max((_f1(_words(answer or ""), _words(each)) for each in known), default=0.0)


def _f1(words: list[str], known: list[str]) -> float:
    n_shared = sum((Counter(words) & Counter(known)).values())
    return 2 * n_shared / (len(words) + len(known)) if n_shared else 0.0


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _ARTICLES.sub(" ", _MARKS.sub(" ", plain)).split()
