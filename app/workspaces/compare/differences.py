"""Finds where a lane's text leaves that of plain decoding, and turns generations into tokens; pure functions."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from msgspec.structs import replace

from app.panels.stream.tokens import StreamToken, round_tokens
from app.text.shown_text import visible
from engine.events import GenerationMeasured

_WORDS = re.compile(r"\s?[^\s]+|\s+")


class TextDifference(NamedTuple):
    """Where a text leaves the plain one: after how many new tokens, and how many characters of its text."""

    n_tokens: int
    n_chars: int


def divergence(own: GenerationMeasured, plain: GenerationMeasured | None) -> TextDifference | None:
    """Where a lane's text leaves the plain one; None where it does not, or where there is none to compare with."""
    if plain is None or own.ids == plain.ids:
        return None
    return TextDifference(_n_common(own.ids, plain.ids), _n_common(own.text, plain.text))


def _n_common(own: Sequence[object], other: Sequence[object]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(own, other, strict=False)))


def token_batches(generation: GenerationMeasured) -> Iterator[list[StreamToken]]:
    """The tokens of a generation, round by round; of one whose rounds were not kept, the words of its text.

    What nobody drafted carries no marks, as there is no legend here and a tick would read as a comma."""
    if generation.rounds:
        for finished in generation.rounds:
            yield [
                replace(token, fate="unmarked") if token.fate == "plain" else token for token in round_tokens(finished)
            ]
        return
    for match in _WORDS.finditer(generation.text):
        yield [StreamToken(visible(match[0]), match[0], "unmarked")]


def first_differing(tokens: Sequence[StreamToken], where: TextDifference, *, with_rounds: bool) -> int | None:
    """The index of the token at which a text leaves the plain one; None if it ends before."""
    kept = [index for index, token in enumerate(tokens) if not token.is_ghost]
    if with_rounds:
        return kept[where.n_tokens] if where.n_tokens < len(kept) else None
    n_chars = 0
    for index in kept:
        n_chars += len(tokens[index].text)
        if n_chars > where.n_chars:
            return index
    return None
