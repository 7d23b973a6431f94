"""Whole generations of several sequences together, each ended by its own limits, each round of each an event."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from engine.batch.decoder import BatchDecoder
from engine.decoding.detokenizer import TokenTexts
from engine.decoding.generation import Generation, Growing, Limits
from engine.events import PhaseFinished, RoundFinished


class RowRequest(NamedTuple):
    """One sequence of a batch: its prompt, the seed of its own random stream, what ends it."""

    ids: Sequence[int]
    seed: int
    limits: Limits


class RowGeneration(NamedTuple):
    """A lane has ended. Its times are those of the whole batch until then."""

    lane: int
    made: Generation


def generate_rows(
    decoder: BatchDecoder,
    requests: Sequence[RowRequest],
    gamma: int,
    texts: TokenTexts,
    checkpoint: Callable[[], None],
) -> Iterator[PhaseFinished | RoundFinished | RowGeneration]:
    """Yield the prefill of all, each round of each lane, and each lane's generation as it ends.

    gamma 0 is plain decoding. checkpoint() may raise to stop. The time between a yield and the next step is counted
    nowhere."""
    started = time.perf_counter()
    prompts = [request.ids for request in requests]
    decoder.prefill(prompts, [one.seed for one in requests], capacity=capacity(requests, gamma), checkpoint=checkpoint)
    prefill_ms = 1e3 * (time.perf_counter() - started)
    yield PhaseFinished("prefill", prefill_ms, sum(map(len, prompts)) - len(prompts))
    growing = {lane: Growing(one.ids, gamma, one.limits, texts) for lane, one in enumerate(requests)}
    while growing:
        checkpoint()
        began = time.perf_counter()
        done = decoder.round({lane: one.allowed() for lane, one in growing.items()})
        taken = {lane: growing[lane].take(of_lane) for lane, of_lane in done.items()}
        wall_ms = 1e3 * (time.perf_counter() - began)
        for lane, of_lane in taken.items():
            yield growing[lane].event(of_lane, wall_ms, 0.0, lane=str(lane))
            if growing[lane].reason is not None:
                yield RowGeneration(lane, growing.pop(lane).result(prefill_ms))


def capacity(requests: Sequence[RowRequest], gamma: int) -> int:
    """The most ids that a row feeds, a whole draft past its end included."""
    longest = max(min(len(one.ids) + one.limits.max_new_tokens, one.limits.context) for one in requests)
    return longest + gamma + 1
