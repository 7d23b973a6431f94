"""Record of a sweep over thresholds, collected from its events."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from engine.events import Event, Refused, RunFailed, SettingMeasured, SettingsMeasured, WorkStarted
from engine.events.gates import Verification

SweepState: TypeAlias = Literal["none", "asked", "measuring", "finished", "stopped", "refused", "torn"]


class SettingPick(NamedTuple):
    """One way of decoding."""

    verification: Verification
    setting: float


class ThresholdRecord:
    """A sweep. changes: rises with each event taken in; source: the file it was read from; log: its events."""

    def __init__(self, *, live: bool = False, source: Path | None = None) -> None:
        self.state: SweepState = "asked" if live else "none"
        self.source = source
        self.changes = 0
        self.started: WorkStarted | None = None
        self.ended: SettingsMeasured | None = None
        self.failure: Refused | RunFailed | None = None
        self.rows: dict[SettingPick, SettingMeasured] = {}
        self.log: list[Event] = []

    @property
    def live(self) -> bool:
        """Whether it was requested and has not ended."""
        return self.state in ("asked", "measuring")

    @property
    def gated(self) -> tuple[SettingMeasured, ...]:
        """The thresholds, ascending."""
        own = (row for row in self.rows.values() if row.verification == "sprinter")
        return tuple(sorted(own, key=lambda row: row.setting))

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a sweep over thresholds."""
        match event:
            case WorkStarted() if is_sweep(event):
                self.started, self.state = event, "measuring"
            case SettingMeasured():
                self.rows[SettingPick(event.verification, event.setting)] = event
            case SettingsMeasured():
                self.ended, self.state = event, "finished" if event.complete else "stopped"
            case _:
                return False
        self.log.append(event)
        self.changes += 1
        return True

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the sweep was refused or failed."""
        if self.live:
            self.state, self.failure = "refused", event
            self.changes += 1

    def drop(self) -> None:
        """Drop a requested sweep that the engine never received."""
        if self.live:
            self.state = "none" if self.started is None else "stopped"
            self.changes += 1


def is_sweep(event: Event) -> bool:
    """Whether an event begins a sweep over thresholds."""
    return isinstance(event, WorkStarted) and (event.kind, event.method) == ("measurement", "sprinter")


def read_record(events: Iterable[Event], source: Path) -> ThresholdRecord:
    """Read the sweep of a log."""
    record = ThresholdRecord(live=True, source=source)
    for event in events:
        if isinstance(event, Refused | RunFailed):
            record.fail(event)
        else:
            record.take(event)
    record.state = "torn" if record.live else record.state
    return record
