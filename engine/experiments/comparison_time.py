"""Estimates how long a comparison still takes, all its stages together.

* imports neither Qt nor torch."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import NamedTuple

from msgspec.structs import replace

from engine.events import Phase, Progressed


class ComparisonStage(NamedTuple):
    """A stage by its phase and unit: how many units are expected, and what each costs in texts of a lane."""

    phase: Phase
    unit: str
    n_units: float
    texts_per_unit: float = 1.0


class ComparisonTime:
    """A stage under way tells its own rate; those to come are expected at the rate of the texts written so far.

    stages: those that are counted, in their order. Before the first of them, nothing tells how long they take."""

    def __init__(self, stages: Sequence[ComparisonStage], clock: Callable[[], float] = perf_counter) -> None:
        self._stages, self._clock = stages, clock
        self._at: int | None = None
        self._began_s = self._stage_began_s = 0.0
        self._n_texts = self._n_texts_before = self._n_done_before = 0.0

    def told(self, event: Progressed) -> Progressed:
        """The progress with the seconds left for all stages; as it is where they are unknown."""
        kinds = [(stage.phase, stage.unit) for stage in self._stages]
        place = kinds.index((event.phase, event.unit)) if (event.phase, event.unit) in kinds else None
        if place is None:
            return event
        if place != self._at:
            self._begin(place, event.done)
        return replace(event, left_s=self._left_s(event, self._stages[place], self._stages[place + 1 :]))

    def _begin(self, place: int, n_done: float) -> None:
        now_s = self._clock()
        self._began_s = now_s if self._at is None else self._began_s
        self._at, self._stage_began_s = place, now_s
        self._n_texts_before, self._n_done_before = self._n_texts, n_done

    def _left_s(self, event: Progressed, stage: ComparisonStage, to_come: Sequence[ComparisonStage]) -> float | None:
        now_s = self._clock()
        n_done = event.done - self._n_done_before  # what was done when the clock started took no time on it
        self._n_texts = self._n_texts_before + n_done * stage.texts_per_unit
        if not self._n_texts or now_s <= self._began_s:
            return None
        s_per_text = (now_s - self._began_s) / self._n_texts
        s_per_unit = (now_s - self._stage_began_s) / n_done if n_done else s_per_text * stage.texts_per_unit
        rest_s = sum(later.n_units * later.texts_per_unit for later in to_come) * s_per_text
        return max(0.0, event.total - event.done) * s_per_unit + rest_s
