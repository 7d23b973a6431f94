"""Record of how a gate came to be: the rows collected for it, the losses of its training, and what it is worth."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeAlias

from engine.events import (
    GATE_ROWS,
    GATE_TRAINING,
    Event,
    GateRowsCollected,
    GateTrained,
    GateTrainingStarted,
    Measured,
    Refused,
    RunFailed,
    Warned,
    WorkEnded,
    WorkStarted,
)

GateState: TypeAlias = Literal[
    "none", "asked", "collecting", "collected", "stopped", "training", "trained", "refused", "torn"
]
Points: TypeAlias = list[tuple[int, float]]
_LIVE: tuple[GateState, ...] = ("asked", "collecting", "training")
LOSS, HELD_OUT_LOSS = "loss", "held-out loss"
_FILE_NAME = "gate.safetensors"  # as in engine.sprinter.files, which imports torch


class GateRecord:
    """A collection of rows, a training on them, or both in turn. number: rises with each training, so that plots start
    over; changes: with each event taken in. source: the file it was read from.

    n_rows, accepted: so far, None while unknown. newly: rows and seconds at the first and last newly labelled document.
    losses: by epoch, of the rows that it learns from and of those held out. is_gone: the gate of a log that was read is
    no longer in its folder."""

    def __init__(self, *, live: bool = False, source: Path | None = None, number: int = 0) -> None:
        self.state: GateState = "asked" if live else "none"
        self.source, self.number, self.changes = source, number, 0
        self.starts: list[WorkStarted] = []
        self.n_rows: int | None = None
        self.accepted: float | None = None
        self.newly: list[tuple[float, float]] = []
        self.collected: GateRowsCollected | None = None
        self.started: GateTrainingStarted | None = None
        self.losses: dict[str, Points] = {LOSS: [], HELD_OUT_LOSS: []}
        self.trained: GateTrained | None = None
        self.warnings: list[Warned] = []
        self.failure: Refused | RunFailed | None = None
        self.is_gone = False
        self.log: list[Event] = []

    @property
    def live(self) -> bool:
        """Whether it was requested and has not ended."""
        return self.state in _LIVE

    @property
    def rows_per_s(self) -> float | None:
        """How many rows a second are labelled; None before two documents were."""
        if len(self.newly) < 2 or self.newly[-1][1] <= self.newly[0][1]:
            return None
        (first, began_s), (last, ended_s) = self.newly[0], self.newly[-1]
        return (last - first) / (ended_s - began_s)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a gate."""
        match event:
            case WorkStarted() if is_gate_work(event):
                self.starts.append(event)
                self.state = "collecting" if event.method == GATE_ROWS else "training"
            case GateRowsCollected():
                self.collected, self.n_rows, self.accepted = event, event.n_rows, event.accepted
                self.state = "collected" if event.complete else "stopped"
            case GateTrainingStarted():
                self.started, self.number = event, self.number + 1
                self.losses, self.warnings, self.trained = {LOSS: [], HELD_OUT_LOSS: []}, [], None
            case GateTrained():
                self.trained, self.state = event, "trained"
            case Measured() if self.live:
                self._take_measured(event)
            case Warned() if self.state == "training":
                self.warnings.append(event)
            case _:
                return False
        self.log.append(event)
        self.changes += 1
        return True

    def _take_measured(self, event: Measured) -> None:
        match event.name:
            case "rows":
                self.n_rows = round(event.value)
                self.newly = [*self.newly[:1], (event.value, event.at_s)]
            case "accepted":
                self.accepted = event.value
            case name if name in self.losses:
                self.losses[name].append((event.round, event.value))

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the work was refused or failed."""
        if self.live:
            self.state, self.failure = "refused", event
            self.changes += 1

    def drop(self) -> None:
        """Note that what was requested never reached the engine."""
        if self.live:
            self.state = "none" if self.collected is None else "collected"
            self.changes += 1


def is_gate_work(event: Event) -> bool:
    """Whether an event begins to collect rows for a gate, or to train one."""
    return isinstance(event, WorkStarted) and event.method in (GATE_ROWS, GATE_TRAINING)


def read_gate_record(events: Iterable[Event], source: Path) -> GateRecord:
    """Read the collection or the training of a log."""
    record = GateRecord(live=True, source=source)
    for event in events:
        if isinstance(event, Refused | RunFailed):
            record.fail(event)
        elif isinstance(event, WorkEnded) and event.state != "finished":
            record.fail(Refused("gate", event.why, event.hint))
        else:
            record.take(event)
    record.state = "torn" if record.live else record.state
    record.is_gone = record.trained is not None and not (Path(record.trained.folder) / _FILE_NAME).is_file()
    return record
