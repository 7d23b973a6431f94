"""Stories in which something stands twice, to learn to go on after it.

A model that copies well goes on copying once it has written a sentence twice, and loops. Here some sentences are
repeated at once; what is repeated does not count, what comes after it does. * imports neither Qt nor torch."""

import re
from random import Random
from typing import NamedTuple

_SENTENCE = re.compile(r"[^.!?]*[.!?]+[\"”]?\s*")
# How many sentences are repeated together, and how often.
_TOGETHER, _TIMES = (1, 1, 2, 3, 4), (1, 1, 2)


class Span(NamedTuple):
    """Characters [start, end) of a text."""

    start: int
    end: int


def stumbling(text: str, rng: Random, share: float) -> tuple[str, list[Span]]:
    """The text, with the last sentences repeated after a share of its sentences; returns it and what is repeated."""
    sentences: list[str] = _SENTENCE.findall(text)
    n_read = sum(map(len, sentences))
    written, length, repeated = list[str](), 0, list[Span]()
    for i, sentence in enumerate(sentences, 1):
        written.append(sentence)
        length += len(sentence)
        if rng.random() >= share or i == len(sentences):
            continue
        copy = "".join(sentences[max(0, i - rng.choice(_TOGETHER)) : i]) * rng.choice(_TIMES)
        written.append(copy)
        repeated.append(Span(length, length + len(copy)))
        length += len(copy)
    return "".join(written) + text[n_read:], repeated
