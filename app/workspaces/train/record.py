"""Record of a drafter's training, collected from its events: curves, figures, warnings and how it ended."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeAlias

from engine.commands import Train
from engine.events import (
    CheckpointSaved,
    DrafterMeasured,
    Event,
    LayersTried,
    Measured,
    Refused,
    RunFailed,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    Warned,
    When,
)
from engine.training.training_log import can_go_on_beside

State: TypeAlias = Literal["none", "asked", "training", "finished", "refused", "torn"]
Points: TypeAlias = list[tuple[int, float]]
_WEIGHTS = "model.safetensors"


class TrainingRecord:
    """A training. number: rises with each, so that panels start over; held: it is paused between two steps; torn: its
    log breaks off before its end.

    source: the log it was read from; drafter: the folder of the drafter, None while there is none to use."""

    def __init__(self, number: int = 0, *, source: Path | None = None) -> None:
        self.number = number
        self.source = source
        self.estimated: TrainingEstimated | None = None
        self._reset(None)

    def _reset(self, command: Train | None) -> None:
        self.command = command
        self.state: State = "none" if command is None else "asked"
        self.held = False
        self.started: TrainingStarted | None = None
        self.finished: TrainingFinished | None = None
        self.failure: Refused | RunFailed | None = None
        self.drafter: str | None = None
        self.figures: dict[When, DrafterMeasured] = {}
        self.series: dict[str, Points] = {"loss": [], "alpha": []}
        self.said: list[Event] = []

    @property
    def live(self) -> bool:
        """Whether it was requested and has not ended."""
        return self.state in ("asked", "training")

    @property
    def complete(self) -> bool:
        """Whether all its steps are done, so that nothing is left to continue."""
        return self.started is not None and self.finished is not None and self.finished.step >= self.started.steps

    @property
    def last_step(self) -> int:
        """The last step that was made."""
        if self.finished is not None:
            return self.finished.step
        return max((points[-1][0] for points in self.series.values() if points), default=0)

    def begin(self, command: Train) -> None:
        """Start the record of a requested training; one that is resumed keeps its figures, curves and messages."""
        earlier = self if command.resume and self.command is not None and self.command.out == command.out else None
        figures, series, messages = ({}, {}, []) if earlier is None else (self.figures, self.series, self.said)
        self.number += 1
        self.source = None
        self._reset(command)
        self.figures, self.series, self.said = figures, {**self.series, **series}, messages

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to the training."""
        match event:
            case TrainingEstimated():
                self.estimated = event
                return True
            case TrainingStarted():
                self._start(event)
            case DrafterMeasured(when=when):
                self.figures[when] = event
            case TrainingFinished():
                self.finished, self.state, self.held, self.drafter = (
                    event,
                    "finished",
                    False,
                    event.folder if event.usable else None,
                )
            case Measured(name=name, value=value, round=step) if self.live:
                self._append(self.series.setdefault(name, []), step, value)
                return True
            case Warned() | CheckpointSaved() | LayersTried():
                pass
            case _:
                return False
        self.said.append(event)
        return True

    def _start(self, event: TrainingStarted) -> None:
        """Continue at the event's step: points beyond it were lost with the earlier attempt."""
        self.started, self.state, self.finished, self.failure = event, "training", None, None
        self.figures = {when: figure for when, figure in self.figures.items() if event.step and when == "before"}
        if any(points and points[-1][0] > event.step for points in self.series.values()):
            self.number += 1
            self.series = {
                name: [point for point in points if point[0] <= event.step] for name, points in self.series.items()
            }

    def _append(self, points: Points, step: int, value: float) -> None:
        """Append a point; one measured again after a resume replaces the first."""
        if points and points[-1][0] == step:
            points[-1] = (step, value)
        else:
            points.append((step, value))

    def drop(self) -> None:
        """Drop a requested training that the engine never received."""
        if self.live:
            self.state, self.held = "none", False

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the training was refused, stopped before it began, or failed."""
        if self.live:
            self.state, self.held, self.failure = "refused", False, event
            self.said.append(event)


def read_record(events: Iterable[Event], source: Path) -> TrainingRecord:
    """Read the training of a log. Training and drafter are looked for beside the log, then where they were made."""
    record = TrainingRecord(source=source)
    for event in events:
        if isinstance(event, TrainingEstimated):
            record.state = "asked"
        if isinstance(event, Refused | RunFailed):
            record.fail(event)
        else:
            record.take(event)
    record.state = "torn" if record.live else record.state
    if (started := record.started) is not None:
        out = str(source.parent.absolute()) if can_go_on_beside(source) else started.folder
        resume = record.state != "finished"
        record.command = Train(started.target, started.data, out, dict(started.settings), resume=resume)
        folders = (source.parent, Path(started.folder))
        drafters = (str(folder) for folder in folders if (folder / _WEIGHTS).is_file())
        usable = record.last_step > 0 if record.finished is None else record.finished.usable
        record.drafter = next(drafters, None) if usable else None
    return record
