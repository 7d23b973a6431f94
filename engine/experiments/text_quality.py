"""How far texts are from those of the target: overlap of words, repetition, and what the target makes of them; pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

_WORD = re.compile(r"[^\W_]+")
_N = 4


class _Words:
    """Words of any script, in lower case and without stemming; the library's own splitting drops all but a to z."""

    def tokenize(self, text: str) -> list[str]:
        return _WORD.findall(text.lower())


@lru_cache(maxsize=1)
def _scorer() -> "RougeScorer":
    # Imported late: it loads nltk, of which nothing is used here and nothing is downloaded.
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Words())


def rouge_l(text: str, reference: str) -> float:
    """ROUGE-L's F-measure, from 0 to 1; 1 for two texts without a word, of which the library says 0.

    Source: Lin, ROUGE: a package for automatic evaluation of summaries, 2004, by the library rouge-score."""
    if not _WORD.search(text) and not _WORD.search(reference):
        return 1.0
    return float(_scorer().score(reference, text)["rougeL"].fmeasure)


def repeated(ids: Sequence[int]) -> float:
    """The share of 4-grams of tokens that occurred before in the same text."""
    grams = [tuple(ids[i : i + _N]) for i in range(len(ids) - _N + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
