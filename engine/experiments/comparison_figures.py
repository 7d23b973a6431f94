"""The figures of a comparison as it grows: of its lanes, the recommendation, and what may have disturbed it.

* imports neither Qt nor torch."""

import time
from collections import defaultdict
from collections.abc import Sequence

from msgspec.structs import replace

from engine.events import (
    PLAIN_LANE,
    ComparedPrompt,
    ComparisonMeasured,
    GammaPrediction,
    GenerationMeasured,
    LaneFigures,
    LaneRefused,
    LaneSpec,
    Recommendation,
)
from engine.experiments.lane_figures import lane_figures, unit_times
from engine.experiments.recommending import recommendation, why_not
from engine.experiments.same_text import ComparedText, sameness
from engine.statistics import disturbances

# Figures are computed again only after this many times as long as the last computation took, and a second at least:
# each time they are written to the log.
_PAUSE_FACTOR, _LEAST_PAUSE_S = 10, 1.0
# Before so many prompts nobody leads.
_FEWEST_FOR_A_LEADER = 3
_IdsByUnit = dict[tuple[int, int], tuple[int, ...]]


class ComparisonSoFar:
    """The generations of a comparison, and what follows from them.

    workload: what is measured, in words; greedy: whether texts can be compared token by token. changes: what would
    change the recommendation, noticed: what other programs did meanwhile; a sentence each."""

    def __init__(
        self,
        lanes: Sequence[LaneSpec],
        prompts: Sequence[ComparedPrompt],
        refused: Sequence[LaneRefused],
        workload: str,
        *,
        greedy: bool,
    ) -> None:
        self._lanes, self._prompts, self._workload = tuple(lanes), tuple(prompts), workload
        self._greedy = greedy
        self._refusals = {event.lane: f"{event.why}; {event.hint}" for event in refused}
        self._texts: list[GenerationMeasured] = []
        self._by_lane: dict[str, list[GenerationMeasured]] = defaultdict(list)
        self._not_before = 0.0
        self.energy = ""
        self.predictions: tuple[GammaPrediction, ...] = ()
        self.changes: tuple[str, ...] = ()
        self.noticed: tuple[str, ...] = ()

    @property
    def n_measured(self) -> int:
        """How many prompts every lane has continued; at most one is under way."""
        lanes = len(self._lanes) - len(self._refusals)
        first = [text for text in self._texts if text.repeat == 0 and text.turn == 0]
        return len(first) // max(1, lanes)

    def take(self, event: GenerationMeasured) -> None:
        """Take in one generation; its rounds are not needed."""
        text = replace(event, rounds=())
        self._texts.append(text)
        self._by_lane[text.lane].append(text)

    def is_due(self) -> bool:
        """Whether the figures may be computed again without delaying the measurement."""
        return time.perf_counter() >= self._not_before

    def event(self, *, complete: bool) -> ComparisonMeasured:
        """The figures of what was taken in."""
        began = time.perf_counter()
        rows = self._rows()
        chosen = (
            recommendation(rows, self._workload, self.changes)
            if complete or self.n_measured >= _FEWEST_FOR_A_LEADER
            else None
        )
        if chosen is not None:
            rows = [replace(row, why_not=why_not(row, chosen, rows)) for row in rows]
        event = ComparisonMeasured(
            lanes=tuple(rows),
            n_prompts=len(self._prompts),
            n_measured=self.n_measured,
            recommendation=chosen,
            predictions=self._confirmed(rows),
            n_plain_differing=self._n_plain_differing(),
            energy=self.energy,
            cautions=(
                *self.noticed,
                *disturbances({row.lane: list(unit_times(self.texts_of(row.lane)).values()) for row in rows}),
            ),
            complete=complete,
        )
        now = time.perf_counter()
        self._not_before = now + max(_LEAST_PAUSE_S, _PAUSE_FACTOR * (now - began))
        return event

    def recommendation(self) -> Recommendation:
        """What the figures so far recommend."""
        return recommendation(self._rows(), self._workload, self.changes)

    def texts_of(self, lane: str) -> list[GenerationMeasured]:
        """The generations of one lane so far."""
        return list(self._by_lane.get(lane, ()))

    def _rows(self) -> list[LaneFigures]:
        rows = lane_figures(self._lanes, self._prompts, self._texts, self._refusals)
        first, again = self._plain_ids()
        return [self._with_same_text(row, first, again) for row in rows]

    def _with_same_text(self, row: LaneFigures, first: _IdsByUnit, again: _IdsByUnit) -> LaneFigures:
        """The row with the verdict on its texts, which counts what two plain runs differ in too."""
        if row.lane == PLAIN_LANE or not row.n_tokens or not self._greedy:
            return row
        own = [text for text in self.texts_of(row.lane) if text.repeat == 0]
        units = ((text, (text.prompt, text.turn)) for text in own)
        judged = sameness(
            [ComparedText(text.ids, first[unit], again.get(unit), text.margin) for text, unit in units if unit in first]
        )
        return replace(row, same_text=judged.same, first_divergence=judged.first_divergence, margin=judged.margin)

    def _plain_ids(self) -> tuple[_IdsByUnit, _IdsByUnit]:
        """The plain texts by prompt and turn: those of the first run, and those of a second one where it was made."""
        first, again = _IdsByUnit(), _IdsByUnit()
        for text in self.texts_of(PLAIN_LANE):
            (again if text.repeat else first).setdefault((text.prompt, text.turn), text.ids)
        return first, again

    def _n_plain_differing(self) -> int | None:
        """How many prompts two plain runs continued differently; None where there was one run of each."""
        first, again = self._plain_ids()
        if not again or not self._greedy:
            return None
        return len({unit[0] for unit, ids in again.items() if ids != first[unit]})

    def _confirmed(self, rows: Sequence[LaneFigures]) -> tuple[GammaPrediction, ...]:
        """The predictions, with the speedups that were measured."""
        measured = {(row.drafter, row.gamma): row.speedup.value for row in rows if row.speedup is not None}
        return tuple(replace(each, measured=measured.get((each.drafter, each.gamma))) for each in self.predictions)
