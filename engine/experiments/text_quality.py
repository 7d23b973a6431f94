"""How far texts are from those of the target: overlap of words, repetition, and what the target makes of them; pure.

ROUGE-L is the F-measure of the longest common subsequence of words (Lin, 2004), in lower case and without stemming."""

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")
_N = 4


def rouge_l(text: str, reference: str) -> float:
    """From 0 to 1; 1 for two texts without a word."""
    a, b = _WORD.findall(text.lower()), _WORD.findall(reference.lower())
    if not a or not b:
        return float(a == b)
    common = _longest_common(a, b)
    return 2 * common / (len(a) + len(b))


def _longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for word in a:
        diagonal = 0
        for j, other in enumerate(b, 1):
            diagonal, row[j] = row[j], diagonal + 1 if word == other else max(row[j], row[j - 1])
    return row[-1]


def repeated(ids: Sequence[int]) -> float:
    """The share of 4-grams of tokens that occurred before in the same text."""
    grams = [tuple(ids[i : i + _N]) for i in range(len(ids) - _N + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
