"""Turns the rounds of a lane into the event of its generation, and into counts.

* imports neither Qt nor torch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from engine.events import GenerationMeasured, LastToken, ProposedToken, RoundFinished

if TYPE_CHECKING:
    from engine.experiments.lanes import MeasuredText

# A drafter's list may be as long as its vocabulary; ranks beyond this count as one.
FURTHEST_RANK = 10
_Token = TypeVar("_Token", ProposedToken, LastToken)


class Place(NamedTuple):
    """Which generation of a comparison: indices of the prompt, its turn and the repeat, and the ids it continued."""

    prompt: int
    turn: int
    repeat: int
    prompt_ids: tuple[int, ...]


class PositionCounts(NamedTuple):
    """How often a token at each position of the draft was accepted, and tested."""

    accepted: tuple[int, ...]
    tested: tuple[int, ...]


def event_of(lane: str, text: "MeasuredText", place: Place, *, keep_rounds: bool, at_s: float) -> GenerationMeasured:
    """The event of one generation. keep_rounds: whether its rounds travel with it, for replays."""
    generation, rounds = text.generation, text.rounds
    counts = count_positions(rounds)
    return GenerationMeasured(
        lane=lane,
        prompt=place.prompt,
        turn=place.turn,
        repeat=place.repeat,
        prompt_ids=place.prompt_ids,
        ids=generation.ids,
        reason=generation.reason,
        prefill_ms=generation.prefill_ms,
        decode_ms=generation.decode_ms,
        first_ms=generation.first_ms,
        n_first=len(rounds[0].emitted),
        n_rounds=len(rounds),
        n_proposed=sum(len(event.proposed) for event in rounds),
        draft_ms=sum(event.draft_ms for event in rounds),
        verify_ms=sum(event.verify_ms for event in rounds),
        accepted_by_position=counts.accepted,
        tested_by_position=counts.tested,
        rejected_ranks=_rejected_ranks(rounds),
        overlap_sum=sum(sum(event.overlaps) for event in rounds),
        target_step_ms=generation.target_step_ms,
        draft_step_ms=generation.draft_step_ms,
        joules=text.joules,
        text="".join(event.text for event in rounds),
        rounds=tuple(_kept(event, lane, text.started_s) for event in rounds) if keep_rounds else (),
        memory_bytes=text.memory_bytes,
        decisions=text.decisions if keep_rounds else (),
        at_s=at_s,
    )


def count_positions(rounds: Sequence[RoundFinished]) -> PositionCounts:
    """Count the fates at each position of the draft, or each depth of a tree, over some rounds."""
    most = max((event.depth for event in rounds), default=0)
    accepted, tested = [0] * most, [0] * most
    for event in rounds:
        for counts, n in ((accepted, event.n_accepted), (tested, event.n_tested)):
            for position in range(n):
                counts[position] += 1
    return PositionCounts(tuple(accepted), tuple(tested))


def _rejected_ranks(rounds: Sequence[RoundFinished]) -> tuple[int, ...]:
    """Where the drafter had ranked what the target wanted, for each rejection; a drafter of one token ranks nothing."""
    lasts = (event.last for event in rounds if event.last is not None)
    return tuple(
        last.rank for last in lasts if last.kind == "correction" and last.rank is not None and len(last.top_q) > 1
    )


def _kept(event: RoundFinished, lane: str, started_s: float) -> RoundFinished:
    """A round as a comparison keeps it: without the lists of most probable tokens, which are most of its size."""
    proposed = tuple(_without_lists(token) for token in event.proposed)
    last = None if event.last is None else _without_lists(event.last)
    return msgspec.structs.replace(
        event, proposed=proposed, last=last, at_s=max(0.0, event.at_s - started_s), lane=lane
    )


def _without_lists(token: _Token) -> _Token:
    return msgspec.structs.replace(token, top_p=(), top_q=())
