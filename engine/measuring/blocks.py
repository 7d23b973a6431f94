"""Runs several systems on the same prompts, interleaved, and computes figures from their calls."""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TypeAlias, TypeVar

from engine import statistics
from engine.events import Event, Progressed, RoundFinished
from engine.measuring.systems import Call
from engine.statistics import FEWEST_FOR_INTERVAL, Interval, UnitTime

Calls: TypeAlias = dict[str, list[Call]]
Prompts: TypeAlias = Sequence[Sequence[int]]
_Input = TypeVar("_Input")


def interleave(
    systems: Mapping[str, Callable[[_Input], Call]],
    inputs: Sequence[_Input],
    after_each: Callable[[], None] | None = None,
) -> Generator[Event, None, Calls]:
    """Run every input on every system, in rotating order; `after_each` is called after each input.

    An input is a prompt, or several prompts where the systems take these at once."""
    calls: Calls = {name: [] for name in systems}
    names = list(systems)
    for i, value in enumerate(inputs):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            calls[name].append(systems[name](value))
        if after_each is not None:
            after_each()
        yield Progressed("measuring", i + 1, len(inputs), "prompts")
    return calls


def whole_calls(calls: Sequence[Call]) -> list[UnitTime]:
    """Wall times of whole calls, a prompt each, prefill included."""
    return [UnitTime((call.wall_ms,), len(call.ids)) for call in calls]


def decoding(calls: Sequence[Call]) -> list[UnitTime]:
    """Times of decoding alone, a prompt each."""
    return [UnitTime((call.decode_ms or 0.0,), len(call.ids) - call.n_apart) for call in calls]


def wall_ms(call: Call) -> float:
    """Wall time of the whole call per new id."""
    return call.wall_ms / len(call.ids)


def decode_ms(call: Call) -> float:
    """Decoding time per id decoded in it."""
    assert call.decode_ms is not None
    return call.decode_ms / (len(call.ids) - call.n_apart)


def same_ids(calls: Mapping[str, Sequence[Call]]) -> bool:
    """Whether all systems wrote the same text for every prompt."""
    return all(len({call.ids for call in row}) == 1 for row in zip(*calls.values(), strict=True))


def tau(calls: Sequence[Call]) -> float:
    """Ids per round of one sequence."""
    return sum(len(call.ids) for call in calls) / sum(len(call.rounds) for call in calls)


def alpha(calls: Sequence[Call]) -> tuple[float, Interval | None]:
    """Acceptance over all prompts, and its interval: over prompts from ten on, over rounds below."""
    if len(calls) >= FEWEST_FOR_INTERVAL:
        counts = [_accepted_and_tested(call.rounds) for call in calls]
    else:
        counts = [_accepted_and_tested([event]) for call in calls for event in call.rounds]
    accepted, tested = [a for a, _ in counts], [t for _, t in counts]
    return sum(accepted) / max(1, sum(tested)), statistics.cluster_interval(accepted, tested)


def _accepted_and_tested(rounds: Sequence[RoundFinished]) -> tuple[int, int]:
    fates = [token.fate for event in rounds for token in event.proposed]
    return fates.count("accepted"), fates.count("accepted") + fates.count("rejected")
