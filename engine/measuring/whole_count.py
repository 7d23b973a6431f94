"""Counts the parts of a measurement as one: blocks done of all, and the time left for them.

* imports neither Qt nor torch."""

from collections.abc import Callable, Generator
from time import perf_counter
from typing import TypeVar

from engine.events import Event, Progressed

T = TypeVar("T")


class WholeCount:
    """The parts share one total, so that one bar shows all of them. n_blocks: of all parts together."""

    def __init__(self, n_blocks: int, clock: Callable[[], float] = perf_counter) -> None:
        self._n_blocks = n_blocks
        self._n_done = 0
        self._clock, self._start_s = clock, clock()

    def part(self, measuring: Generator[Event, None, T], *, n_per_unit: int) -> Generator[Event, None, T]:
        """Pass on a part, its progress as that of the whole. n_per_unit: blocks of each unit that the part counts."""
        n_before = self._n_done
        while True:
            try:
                event = next(measuring)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(event, Progressed):
                self._n_done = n_before + round(event.done) * n_per_unit
                yield self._progressed()
            else:
                yield event

    def add(self, n_blocks: int) -> Progressed:
        """Count blocks of a part that reports nothing itself."""
        self._n_done += n_blocks
        return self._progressed()

    def _progressed(self) -> Progressed:
        elapsed_s, n_left = self._clock() - self._start_s, self._n_blocks - self._n_done
        left_s = elapsed_s / self._n_done * n_left if self._n_done else None
        return Progressed("measuring", self._n_done, self._n_blocks, "blocks", elapsed_s, left_s)
