"""What was measured of a pair over contexts, draft lengths and batch sizes: under way, done, or read from a file.

Knows no widget."""

from pathlib import Path

from app.state.engine_link import EngineLink
from engine.commands import Load, Measure
from engine.events import Event, Refused, ScalingMeasured


class MeasuringProgress:
    """At most one measurement. source: the file it was read from. ended_early: it was stopped or broke off."""

    def __init__(self, engine: EngineLink) -> None:
        self.measured: ScalingMeasured | None = None
        self.source: Path | None = None
        self.ended_early = False
        self._engine = engine

    @property
    def live(self) -> bool:
        """Whether one is under way or waiting."""
        return self._engine.commands.has_measurement

    def begin(self, pair: Load, command: Measure) -> None:
        """Ask for a measurement of a pair, which is loaded first where it is not in memory."""
        self._engine.run(pair, command)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it was one of a measurement."""
        if not isinstance(event, ScalingMeasured):
            return False
        self.measured, self.source, self.ended_early = event, None, False
        if event.complete:
            self._engine.commands.answered(done=True)
        return True

    def fail(self, event: Refused) -> None:
        """Something was refused; a measurement under way keeps its points so far."""
        if event.what == "measure" and self.measured is not None and self.source is None:
            self.ended_early = not self.measured.complete

    def show(self, measured: ScalingMeasured, source: Path) -> bool:
        """Show what a file holds, unless a measurement is under way. Returns whether it is shown."""
        if self.live:
            return False
        self.measured, self.source, self.ended_early = measured, source, False
        return True
