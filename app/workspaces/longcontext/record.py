"""Record of a measurement over lengths, collected from its events: predictions, and figures by length and drafter."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from app.state.requests import NO_DRAFTER
from app.widgets.lane_marks import PLAIN_MARK, LaneMark, marks_of
from engine.commands import MeasureLengths
from engine.events import (
    PLAIN_LANE,
    Event,
    KvPrediction,
    LengthMeasured,
    LengthsMeasured,
    LengthsStarted,
    PrefillMeasured,
    Refused,
    RunFailed,
)

LengthsState: TypeAlias = Literal["none", "asked", "measuring", "finished", "stopped", "refused", "torn"]


class LengthPick(NamedTuple):
    """One combination that is measured."""

    length: int
    drafter: str


class LengthRow(NamedTuple):
    """What is known of a combination: what was predicted of it, and what was measured; None where that is missing."""

    pick: LengthPick
    predicted: KvPrediction | None
    measured: LengthMeasured | None

    @property
    def why_not(self) -> str:
        """Why it has no figures; empty where it has, or may still get them."""
        if self.measured is not None:
            return self.measured.why_not
        return "" if self.predicted is None else self.predicted.why_not

    @property
    def hint(self) -> str:
        """The way out of that."""
        if self.measured is not None:
            return self.measured.hint
        return "" if self.predicted is None else self.predicted.hint


class LengthRecord:
    """A measurement. number: rises with each, so that panels start over; changes: rises with each event taken in.

    source: the file it was read from; log: its events."""

    def __init__(self, number: int = 0, *, source: Path | None = None) -> None:
        self.number = number
        self.source = source
        self._reset(None)

    def _reset(self, command: MeasureLengths | None) -> None:
        self.command = command
        self.state: LengthsState = "none" if command is None else "asked"
        self.changes = 0
        self.started: LengthsStarted | None = None
        self.ended: LengthsMeasured | None = None
        self.failure: Refused | RunFailed | None = None
        self.prefills: dict[int, PrefillMeasured] = {}
        self.figures: dict[LengthPick, LengthMeasured] = {}
        self.marks: dict[str, LaneMark] = {}
        self.log: list[Event] = []

    @property
    def live(self) -> bool:
        """Whether it was requested and has not ended."""
        return self.state in ("asked", "measuring")

    @property
    def drafters(self) -> tuple[str, ...]:
        """Every drafter, plain decoding first."""
        return () if self.started is None else self.started.drafters

    def mark(self, drafter: str) -> LaneMark:
        """The mark of a drafter, the same in every panel."""
        return self.marks.get(_lane(drafter), PLAIN_MARK)

    @property
    def rows(self) -> tuple[LengthRow, ...]:
        """Every combination, by length, those that are still to come included."""
        if self.started is None:
            return ()
        predicted = {LengthPick(each.length, each.drafter): each for each in self.started.predictions}
        asked = (LengthPick(length, drafter) for length in self.started.lengths for drafter in self.drafters)
        picks = dict.fromkeys((*asked, *self.figures))
        return tuple(LengthRow(pick, predicted.get(pick), self.figures.get(pick)) for pick in picks)

    def points(self, drafter: str) -> tuple[LengthMeasured, ...]:
        """What was measured of a drafter, by length."""
        own = (point for pick, point in self.figures.items() if pick.drafter == drafter and not point.why_not)
        return tuple(sorted(own, key=lambda point: point.n_prompt))

    @property
    def longest(self) -> tuple[LengthMeasured, ...]:
        """The figures of the drafters at the longest length that has any, plain decoding left out."""
        drafted = [
            point for point in self.figures.values() if point.speedup is not None and not is_plain(point.drafter)
        ]
        most = max((point.length for point in drafted), default=0)
        return tuple(point for point in drafted if point.length == most)

    def begin(self, command: MeasureLengths) -> None:
        """Start the record of a requested measurement."""
        self.number += 1
        self.source = None
        self._reset(command)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a measurement over lengths."""
        match event:
            case LengthsStarted():
                self._start(event)
            case PrefillMeasured():
                self.prefills[event.length] = event
            case LengthMeasured():
                self.figures[LengthPick(event.length, event.drafter)] = event
            case LengthsMeasured():
                self.ended, self.state = event, "finished" if event.complete else "stopped"
            case _:
                return False
        self.log.append(event)
        self.changes += 1
        return True

    def _start(self, event: LengthsStarted) -> None:
        if self.started is not None:
            self.number += 1
            self._reset(self.command)
        self.started, self.state = event, "measuring"
        self.marks = marks_of([_lane(drafter) for drafter in event.drafters])

    def drop(self) -> None:
        """Drop a requested measurement that the engine never received."""
        if self.live:
            self.state = "none" if self.started is None else "stopped"

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the measurement was refused, stopped before its first figures, or failed."""
        if self.live:
            self.state, self.failure = "refused", event
            self.changes += 1


def is_plain(drafter: str) -> bool:
    """Whether a drafter is none: plain decoding."""
    return drafter in (NO_DRAFTER, PLAIN_LANE)


def _lane(drafter: str) -> str:
    return PLAIN_LANE if is_plain(drafter) else drafter


def read_record(events: Iterable[Event], source: Path) -> LengthRecord:
    """Read the measurement of a log."""
    record = LengthRecord(source=source)
    for event in events:
        if isinstance(event, Refused | RunFailed):
            record.fail(event)
        else:
            record.take(event)
    record.state = "torn" if record.live else record.state
    return record
