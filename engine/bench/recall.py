"""Measures whether the built-in target uses far text: how well it predicts a fact's value against how far above the
value was last stated.

One forward over each long text shows what greedy decoding would write at every place where a fact is stated. A value
that was never stated cannot be known: how well those are predicted is what the others are compared with."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
import torch

from engine import statistics
from engine.events import Event, Progressed
from engine.models.loading import LoadedModel
from engine.statistics import Interval
from engine.world.long_text import LONG_FORMS, LongForm, long_text
from engine.world.long_writer import LongText

DISTANCES = (100, 300, 1000, 2000, 4000, 8000)
_SPARE_CHARACTERS = 4


class RecallAtDistance(msgspec.Struct, frozen=True):
    """Values that were last stated so many tokens before: from `nearest` up to, but not including, `farthest`; both 0:
    values stated for the first time. exact: the share that greedy decoding would write, its interval over texts, from
    ten on; logp: mean log-probability of a value, in nats; n: values, of n_texts texts."""

    form: LongForm
    nearest: int
    farthest: int
    n: int
    n_texts: int
    exact: float
    exact_ci: Interval | None
    logp: float


class RecalledValue(NamedTuple):
    """How a value was predicted. distance: in tokens; None where it is new."""

    distance: int | None
    exact: bool
    logp: float


def recalled(
    target: LoadedModel, *, seed: int, n_texts: int, length: int
) -> Iterator[Event | tuple[RecallAtDistance, ...]]:
    """Yield progress and, last, the recall for each form and range of distances.

    length: tokens of a text; n_texts: of each form."""
    results: list[RecallAtDistance] = []
    for n_forms, form in enumerate(LONG_FORMS):
        by_text: list[list[RecalledValue]] = []
        for i in range(n_texts):
            text = long_text(seed * n_texts + i, _SPARE_CHARACTERS * length, form)
            by_text.append(predictions(target, text, length))
            yield Progressed("measuring", n_forms * n_texts + i + 1, len(LONG_FORMS) * n_texts, "long texts")
        results += _by_distance(form, by_text)
    yield tuple(results)


@torch.inference_mode()
def predictions(target: LoadedModel, text: LongText, length: int) -> list[RecalledValue]:
    """How the target predicts each value in the first so many tokens of a text."""
    encoding = target.tokenizer(text.text, return_offsets_mapping=True)
    ids = encoding["input_ids"][:length]
    starts = [start for start, _ in encoding["offset_mapping"][:length]]
    row = torch.tensor([ids], device=target.device)
    logp = target.model(input_ids=row, use_cache=False).logits[0, :-1].float().log_softmax(-1)
    chosen = logp.gather(-1, row[0, 1:, None])[:, 0]
    right = logp.argmax(-1) == row[0, 1:]
    values, hits = chosen.tolist(), right.tolist()
    results: list[RecalledValue] = []
    for statement in text.statements:
        first, last = (bisect_right(starts, place) - 1 for place in (statement.start, statement.end - 1))
        if first < 1 or statement.end > starts[-1]:
            continue
        before = None if statement.distance is None else statement.start - statement.distance
        distance = None if before is None else first - (bisect_right(starts, before) - 1)
        results.append(RecalledValue(distance, all(hits[first - 1 : last]), sum(values[first - 1 : last])))
    return results


def _by_distance(form: LongForm, by_text: Sequence[Sequence[RecalledValue]]) -> Iterator[RecallAtDistance]:
    new = [[value for value in text if value.distance is None] for text in by_text]
    yield from _result(form, 0, 0, new)
    for nearest, farthest in pairwise(DISTANCES):
        near = [
            [value for value in text if value.distance is not None and nearest <= value.distance < farthest]
            for text in by_text
        ]
        yield from _result(form, nearest, farthest, near)


def _result(
    form: LongForm, nearest: int, farthest: int, by_text: Sequence[Sequence[RecalledValue]]
) -> Iterator[RecallAtDistance]:
    """The result of a range; nothing where no value lies in it."""
    texts = [text for text in by_text if text]
    counts, exact = [len(text) for text in texts], [sum(value.exact for value in text) for text in texts]
    if n := sum(counts):
        logp = sum(value.logp for text in texts for value in text) / n
        interval = statistics.cluster_interval(exact, counts)
        yield RecallAtDistance(form, nearest, farthest, n, len(texts), sum(exact) / n, interval, logp)
