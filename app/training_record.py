"""A drafter's training as the window saw it: curves, figures, warnings, how it ended; knows no widget."""

from typing import Literal, TypeAlias

from engine.events import (
    CheckpointSaved,
    DrafterMeasured,
    Event,
    Measured,
    Refused,
    RunFailed,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    Warned,
    When,
)
from engine.host import Train

State: TypeAlias = Literal["none", "asked", "training", "finished", "refused"]
Points: TypeAlias = list[tuple[int, float]]


class TrainingRecord:
    """The newest training. number: rises with each, so that panels begin anew; held: it waits between two steps."""

    def __init__(self) -> None:
        self.number = 0
        self.estimated: TrainingEstimated | None = None
        self._forget(None)

    def _forget(self, command: Train | None) -> None:
        self.command = command
        self.state: State = "none" if command is None else "asked"
        self.held = False
        self.started: TrainingStarted | None = None
        self.finished: TrainingFinished | None = None
        self.figures: dict[When, DrafterMeasured] = {}
        self.series: dict[str, Points] = {"loss": [], "alpha": []}
        self.said: list[Event] = []

    @property
    def live(self) -> bool:
        """Whether it was asked for and has not ended."""
        return self.state in ("asked", "training")

    @property
    def drafter(self) -> str | None:
        """The folder of the drafter that was trained; None while there is none to use."""
        return None if self.finished is None else self.finished.folder

    def begin(self, command: Train) -> None:
        """A training was asked for."""
        self.number += 1
        self._forget(command)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it was one of the training."""
        match event:
            case TrainingEstimated():
                self.estimated = event
            case TrainingStarted():
                self.started, self.state = event, "training"
            case DrafterMeasured(when=when):
                self.figures[when] = event
            case TrainingFinished():
                self.finished, self.state, self.held = event, "finished", False
            case Measured(name=name, value=value, round=step) if self.live:
                self.series.setdefault(name, []).append((step, value))
                return True
            case Warned() | CheckpointSaved():
                pass
            case _:
                return False
        if not isinstance(event, TrainingEstimated):
            self.said.append(event)
        return True

    def drop(self) -> None:
        """The training asked for was forgotten before the engine had it."""
        if self.live:
            self.state, self.held = "none", False

    def fail(self, event: Refused | RunFailed) -> None:
        """The training was refused, stopped before it began, or ended in a fault."""
        if self.live:
            self.state, self.held = "refused", False
            self.said.append(event)
