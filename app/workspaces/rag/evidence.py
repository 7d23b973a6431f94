"""Finds the words that a passage shares with a rationale, as a hint at what the rationale rests on."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_WORD = re.compile(r"\w+")
_FEWEST_LETTERS = 4
# Words that occur in every passage say nothing.
_COMMON_WORDS = """
about after also another because been before being between both came could does each even every found from have here
into just like made make many more most much must never only other over said same should since some such than that
their them then there these they this those through under until upon very were what when where which while whom whose
will with within without would your
"""
_COMMON = frozenset(_COMMON_WORDS.split())


class EvidenceSpan(NamedTuple):
    """Characters [start, end)."""

    start: int
    end: int


def shared_words(text: str, rationale: str) -> tuple[EvidenceSpan, ...]:
    """Return where the text has a content word of the rationale; adjacent words are one span."""
    words = {match.group().casefold() for match in _content_words(rationale)}
    spans: list[EvidenceSpan] = []
    for match in _content_words(text):
        if match.group().casefold() not in words:
            continue
        if spans and not text[spans[-1].end : match.start()].strip():
            spans[-1] = EvidenceSpan(spans[-1].start, match.end())
        else:
            spans.append(EvidenceSpan(match.start(), match.end()))
    return tuple(spans)


def _content_words(text: str) -> Iterator["re.Match[str]"]:
    """Content words: long words and numbers, except common ones."""
    for match in _WORD.finditer(text):
        word = match.group()
        long = len(word) >= _FEWEST_LETTERS or word[0].isdigit()
        if long and word.casefold() not in _COMMON:
            yield match
