"""Calls of several systems on the same prompts, interleaved, and what they say together; knows no models."""

from collections.abc import Callable, Generator, Mapping, Sequence
from statistics import median
from typing import TypeAlias, TypeVar

from engine import speed_model
from engine.events import Event, Progressed, RoundFinished
from engine.events.scaling import Middle
from engine.measuring.systems import Call
from engine.speed_model import Interval

Calls: TypeAlias = dict[str, list[Call]]
Prompts: TypeAlias = Sequence[Sequence[int]]
_Asked = TypeVar("_Asked")
_PROMPTS_FOR_INTERVAL = 8


def middle(values: Sequence[float]) -> Middle:
    """The median of some blocks."""
    return Middle(median(values), speed_model.median_interval(values))


def interleave(
    made: Mapping[str, Callable[[_Asked], Call]], asked: Sequence[_Asked], beside: Callable[[], None] | None = None
) -> Generator[Event, None, Calls]:
    """Run every prompt on every system, in an order that rotates; `beside` is called after each prompt.

    What is asked may be several prompts at once, where the systems take such."""
    calls: Calls = {name: [] for name in made}
    names = list(made)
    for i, prompt in enumerate(asked):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            calls[name].append(made[name](prompt))
        if beside is not None:
            beside()
        yield Progressed("measuring", i + 1, len(asked), "prompts")
    return calls


def wall_ratios(theirs: Sequence[Call], ours: Sequence[Call]) -> list[float]:
    """How many times as long their whole calls took, a value a prompt."""
    return [their.wall_ms / our.wall_ms for their, our in zip(theirs, ours, strict=True)]


def decode_ratios(theirs: Sequence[Call], ours: Sequence[Call]) -> list[float]:
    """The same of decoding alone."""
    return [decode_ms(their) / decode_ms(our) for their, our in zip(theirs, ours, strict=True)]


def wall_ms(call: Call) -> float:
    """Wall time of the whole call for each new id."""
    return call.wall_ms / len(call.ids)


def decode_ms(call: Call) -> float:
    """Time of decoding for each id it made."""
    assert call.decode_ms is not None
    return call.decode_ms / (len(call.ids) - call.n_apart)


def same_ids(calls: Mapping[str, Sequence[Call]]) -> bool:
    """Whether all systems wrote the same text for every prompt."""
    return all(len({call.ids for call in row}) == 1 for row in zip(*calls.values(), strict=True))


def tau(calls: Sequence[Call]) -> float:
    """Ids a round of one sequence."""
    return sum(len(call.ids) for call in calls) / sum(len(call.rounds) for call in calls)


def alpha(calls: Sequence[Call]) -> tuple[float, Interval | None]:
    """Acceptance over all prompts, and its bootstrap interval: over prompts from 8 on, over rounds below."""
    if len(calls) >= _PROMPTS_FOR_INTERVAL:
        counts = [_tested(call.rounds) for call in calls]
    else:
        counts = [_tested([one]) for call in calls for one in call.rounds]
    accepted, tested = [a for a, _ in counts], [t for _, t in counts]
    interval = speed_model.ratio_interval(accepted, tested, [1] * len(counts))
    return sum(accepted) / max(1, sum(tested)), interval


def _tested(rounds: Sequence[RoundFinished]) -> tuple[int, int]:
    fates = [token.fate for one in rounds for token in one.proposed]
    return fates.count("accepted"), fates.count("accepted") + fates.count("rejected")
