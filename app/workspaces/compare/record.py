"""Record of a comparison, collected from its events: lanes, figures, and what each lane wrote for each prompt."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from app.widgets.lane_marks import PLAIN_MARK, LaneMark, marks_of
from engine.commands import Compare
from engine.events import (
    PLAIN_LANE,
    ComparedPrompt,
    ComparisonMeasured,
    ComparisonStarted,
    Event,
    GenerationMeasured,
    LaneFigures,
    LaneRefused,
    LaneSpec,
    Refused,
    RunFailed,
    TextsRated,
)
from engine.machine import paths
from engine.runs.run_log import run_file

ComparingState: TypeAlias = Literal["none", "asked", "measuring", "finished", "refused", "torn"]


class AskedTurn(NamedTuple):
    """What a lane continued: a turn of a prompt, by their numbers."""

    prompt: int
    turn: int


class ComparisonRecord:
    """A comparison. number: rises with each, so that panels start over; changes: rises with each event taken in.

    source: the file it was read from; texts: the first generation of each lane, by what it continued;
    differing: where one of these is not the plain text; ratings: what was said of its texts, blind; log: its events,
    for a report."""

    def __init__(self, number: int = 0, *, source: Path | None = None) -> None:
        self.number = number
        self.source = source
        self._reset(None)

    def _reset(self, command: Compare | None) -> None:
        self.command = command
        self.state: ComparingState = "none" if command is None else "asked"
        self.changes = 0
        self.started: ComparisonStarted | None = None
        self.failure: Refused | RunFailed | None = None
        self.measured: ComparisonMeasured | None = None
        self.refused: dict[str, LaneRefused] = {}
        self.texts: dict[AskedTurn, dict[str, GenerationMeasured]] = {}
        self.differing: set[AskedTurn] = set()
        self.ratings: list[TextsRated] = []
        self.marks: dict[str, LaneMark] = {}
        self._log: list[Event] = []

    @property
    def log(self) -> tuple[Event, ...]:
        """Its events so far, with the newest figures alone."""
        return tuple(self._log) if self.measured is None else (*self._log, self.measured)

    @property
    def live(self) -> bool:
        """Whether it was requested and has not ended."""
        return self.state in ("asked", "measuring")

    @property
    def lanes(self) -> tuple[LaneSpec, ...]:
        """All lanes, plain decoding first, those that cannot take part included."""
        lanes = () if self.started is None else self.started.lanes
        return tuple(sorted(lanes, key=lambda lane: lane.name != PLAIN_LANE))

    @property
    def figures(self) -> tuple[LaneFigures, ...]:
        """The figures of the lanes, in the order of the lanes; of those without any, only why there are none."""
        by_name = {} if self.measured is None else {figures.lane: figures for figures in self.measured.lanes}
        return tuple(by_name.get(lane.name) or self._without_figures(lane) for lane in self.lanes)

    def _without_figures(self, lane: LaneSpec) -> LaneFigures:
        why = self.refused[lane.name].why if lane.name in self.refused else ""
        return LaneFigures(lane.name, lane.drafter, lane.gamma, lane.method, 0, 0, why_not=why)

    def mark(self, lane: str) -> LaneMark:
        """The mark of a lane."""
        return self.marks.get(lane, PLAIN_MARK)

    @property
    def kept_in(self) -> Path | None:
        """The file among the kept runs that holds it; None without one."""
        if self.source is not None:
            return self.source
        return None if self.started is None else run_file(paths.runs(), self.started)

    def prompt(self, turn: AskedTurn) -> ComparedPrompt | None:
        """The prompt of a turn."""
        return None if self.started is None else self.started.prompts[turn.prompt]

    @property
    def recommended(self) -> str:
        """The name of the recommended lane; that of plain decoding where nothing else pays, empty if unknown, also
        because the measurement was disturbed."""
        recommendation = None if self.measured is None else self.measured.recommendation
        if recommendation is None or recommendation.disturbed:
            return ""
        return recommendation.lane or PLAIN_LANE

    def begin(self, command: Compare) -> None:
        """Start the record of a requested comparison."""
        self.number += 1
        self.source = None
        self._reset(command)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a comparison."""
        match event:
            case ComparisonStarted():
                self._start(event)
            case LaneRefused() if self.live:  # otherwise a race refused it
                self._log.append(event)
                self.refused[event.lane] = event
            case GenerationMeasured():
                self._log.append(event)
                self._keep(event)
            case TextsRated() if self.started is not None:
                self._log.append(event)
                self.ratings.append(event)
            case ComparisonMeasured():
                self.measured = event
                self.state = "finished" if event.complete else "measuring"
            case _:
                return False
        self.changes += 1
        return True

    def _start(self, event: ComparisonStarted) -> None:
        if self.started is not None:
            self.number += 1
            self._reset(self.command)
        self.started, self.state, self._log = event, "measuring", [event]
        self.marks = marks_of([lane.name for lane in event.lanes])

    def _keep(self, event: GenerationMeasured) -> None:
        """Keep the first generation of a lane for a prompt that there is; a damaged file may name any other."""
        prompts = () if self.started is None else self.started.prompts
        if event.repeat or not 0 <= event.prompt < len(prompts):
            return
        if 0 <= event.turn < len(prompts[event.prompt].turns) and event.lane in self.marks:
            turn = AskedTurn(event.prompt, event.turn)
            texts = self.texts.setdefault(turn, {})
            texts.setdefault(event.lane, event)
            self._compare(turn, texts, event)

    def _compare(self, turn: AskedTurn, texts: dict[str, GenerationMeasured], event: GenerationMeasured) -> None:
        """Note whether a text differs from the plain one, which may come first or last."""
        plain = texts.get(PLAIN_LANE)
        others = texts.values() if event.lane == PLAIN_LANE else (event,)
        if plain is not None and any(other.ids != plain.ids for other in others):
            self.differing.add(turn)

    def drop(self) -> None:
        """Drop a requested comparison that the engine never received."""
        if self.live:
            self.state = "none" if self.started is None else "torn"

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the comparison was refused, stopped before its figures, or failed."""
        if self.live:
            self.state, self.failure = "refused", event
            self.changes += 1


def read_record(events: Iterable[Event], source: Path) -> ComparisonRecord:
    """Read the comparison of a log."""
    record = ComparisonRecord(source=source)
    for event in events:
        if isinstance(event, Refused | RunFailed):
            record.fail(event)
        else:
            record.take(event)
    record.state = "torn" if record.live else record.state
    return record
