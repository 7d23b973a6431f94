"""Runs generations of several sequences together, each ended by its own limits, and yields each round as an event."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from engine.batch.decoder import BatchDecoder
from engine.decoding.detokenizer import TokenTexts
from engine.decoding.generation import Generation, GenerationProgress, Limits
from engine.events import PhaseFinished, RoundFinished


class RowRequest(NamedTuple):
    """One sequence of a batch: its prompt, the seed of its own generator, and what ends it."""

    ids: Sequence[int]
    seed: int
    limits: Limits


class RowGeneration(NamedTuple):
    """A sequence has ended. Its times are those of the whole batch until then."""

    lane: int
    made: Generation


def generate_rows(
    decoder: BatchDecoder,
    requests: Sequence[RowRequest],
    gamma: int,
    texts: TokenTexts,
    checkpoint: Callable[[], None],
) -> Iterator[PhaseFinished | RoundFinished | RowGeneration]:
    """Yield the prefill of all, each round of each sequence, and each generation as it ends.

    gamma 0 is plain decoding. checkpoint() may raise to stop. Time that the consumer spends between two events is not
    counted."""
    prefill_start = time.perf_counter()
    prompts = [request.ids for request in requests]
    decoder.prefill(
        prompts, [request.seed for request in requests], capacity=capacity(requests, gamma), checkpoint=checkpoint
    )
    prefill_ms = 1e3 * (time.perf_counter() - prefill_start)
    yield PhaseFinished("prefill", prefill_ms, sum(map(len, prompts)) - len(prompts))
    active = {
        index: GenerationProgress(request.ids, gamma, request.limits, texts) for index, request in enumerate(requests)
    }
    while active:
        checkpoint()
        rounds_start = time.perf_counter()
        rounds = decoder.round({index: progress.allowed() for index, progress in active.items()})
        decoded_rounds = {index: active[index].take(round_result) for index, round_result in rounds.items()}
        wall_ms = 1e3 * (time.perf_counter() - rounds_start)
        for index, decoded_round in decoded_rounds.items():
            yield active[index].event(decoded_round, wall_ms, 0.0, lane=str(index))
            if active[index].reason is not None:
                yield RowGeneration(index, active.pop(index).result(prefill_ms))


def capacity(requests: Sequence[RowRequest], gamma: int) -> int:
    """The most ids that a row feeds, including a full draft past its end."""
    longest = max(min(len(request.ids) + request.limits.max_new_tokens, request.limits.context) for request in requests)
    return longest + gamma + 1
