"""Which words of a passage a rationale shares: what it may rest on; knows no widget and no model."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_WORD = re.compile(r"\w+")
_FEWEST_LETTERS = 4
# What is in every passage says nothing.
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
    """Where the text has a telling word of the rationale; neighbours are one span."""
    wanted = {match.group().casefold() for match in _telling(rationale)}
    spans: list[EvidenceSpan] = []
    for match in _telling(text):
        if match.group().casefold() not in wanted:
            continue
        if spans and not text[spans[-1].end : match.start()].strip():
            spans[-1] = EvidenceSpan(spans[-1].start, match.end())
        else:
            spans.append(EvidenceSpan(match.start(), match.end()))
    return tuple(spans)


def _telling(text: str) -> Iterator["re.Match[str]"]:
    """Words that mean something: long ones, names, numbers."""
    for match in _WORD.finditer(text):
        word = match.group()
        long = len(word) >= _FEWEST_LETTERS or word[0].isdigit()
        if long and word.casefold() not in _COMMON:
            yield match
