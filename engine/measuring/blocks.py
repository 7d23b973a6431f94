"""Runs several systems on the same prompts, interleaved, and computes figures from their calls."""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TypeAlias, TypeVar

import torch

from engine import statistics
from engine.events import Event, Progressed, RoundFinished, Warned
from engine.machine.other_work import CpuShare, OtherWork
from engine.measuring.systems import Call
from engine.statistics import FEWEST_FOR_INTERVAL, Interval, UnitTime

Calls: TypeAlias = dict[str, list[Call]]
Prompts: TypeAlias = Sequence[Sequence[int]]
_Input = TypeVar("_Input")
# A block during which other programs computed is timed this many times more at most, and so is half of all blocks.
_MOST_AGAIN, _MOST_REPEATED = 2, 0.5


def interleave(
    systems: Mapping[str, Callable[[_Input], Call]],
    inputs: Sequence[_Input],
    after_each: Callable[[], None] | None = None,
) -> Generator[Event, None, Calls]:
    """Run every input on every system, in rotating order; `after_each` is called after each input.

    An input is a prompt, or several prompts where the systems take these at once. A block during which other programs
    computed is repeated, and the last event says so."""
    calls: Calls = {name: [] for name in systems}
    names = list(systems)
    undisturbed = _Undisturbed(n_blocks=len(inputs) * len(names))
    for i, value in enumerate(inputs):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            calls[name].append(undisturbed.call(systems[name], value))
        if after_each is not None:
            after_each()
        yield Progressed("measuring", i + 1, len(inputs), "prompts")
    if undisturbed.caution:
        yield Warned(undisturbed.caution, "close other programs, and measure again")
    return calls


def noting(measuring: Generator[Event, None, Calls]) -> Generator[Event, None, tuple[Calls, tuple[str, ...]]]:
    """Pass on a measurement; returns its calls, and what disturbed them."""
    cautions: list[str] = []
    while True:
        try:
            event = next(measuring)
        except StopIteration as end:
            return end.value, tuple(cautions)
        if isinstance(event, Warned):
            cautions.append(event.message)
        yield event


class _Undisturbed:
    """Times blocks, again where other programs computed meanwhile, and keeps the least disturbed time of each."""

    def __init__(self, *, n_blocks: int) -> None:
        self._n_blocks, self._n_threads = n_blocks, torch.get_num_threads()
        self._disturbed: list[CpuShare] = []
        self._n_left = 0

    def call(self, system: Callable[[_Input], Call], value: _Input) -> Call:
        """One block."""
        call, share = _watched(system, value)
        if share is None or not share.disturbs(self._n_threads):
            return call
        self._disturbed.append(share)
        if len(self._disturbed) > max(1, self._n_blocks * _MOST_REPEATED):
            self._n_left += 1
            return call
        for _ in range(_MOST_AGAIN):
            again, other_share = _watched(system, value)
            if other_share is None or other_share.others < share.others:
                call, share = again, other_share
            if share is None or not share.disturbs(self._n_threads):
                return call
        self._n_left += 1
        return call

    @property
    def caution(self) -> str:
        """What was noticed, in one sentence; empty where nothing was."""
        if not self._disturbed:
            return ""
        worst = max(self._disturbed, key=lambda share: share.others)
        still = f"; {self._n_left} of them stayed disturbed" if self._n_left else ""
        return (
            f"other programs computed during {len(self._disturbed)} of {self._n_blocks} timed blocks, on up to "
            f"{worst.others:.1f} of {worst.n_processors} processors: these blocks were timed again{still}"
        )


def _watched(system: Callable[[_Input], Call], value: _Input) -> tuple[Call, CpuShare | None]:
    watch = OtherWork()
    call = system(value)
    return call, watch.ended()


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
    return sum(event.n_accepted for event in rounds), sum(event.n_tested for event in rounds)
