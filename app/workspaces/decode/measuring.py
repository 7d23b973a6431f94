"""State of a measurement over contexts, draft lengths and batch sizes: under way, finished, or read from a file."""

from pathlib import Path

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.workspaces.decode import measured_words
from engine.commands import Load, Measure
from engine.events import Event, Progressed, Refused, RunFailed, ScalingMeasured
from engine.runs import measured_files


class MeasuringProgress(TabState):
    """At most one measurement. source: the file it was read from. ended_early: it was stopped or failed."""

    work = Measure

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.measured: ScalingMeasured | None = None
        self.source: Path | None = None
        self.ended_early = False
        self._store, self._engine = store, store.engine

    def begin(self, pair: Load, command: Measure) -> None:
        """Start a measurement of a pair, which is loaded first where needed; runs are refused meanwhile."""
        self._store.make_way()
        self._engine.run(pair, command)
        self._store.watch()

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the measurement."""
        return self._store.stopping or measured_words.state(self.measured, at)

    def ended(self) -> str:
        """Say how the measurement on show ended, or what one takes."""
        return measured_words.ending(self.measured, self.source, early=self.ended_early)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a measurement."""
        if not isinstance(event, ScalingMeasured):
            return False
        self.measured, self.source, self.ended_early = event, None, False
        return True

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that a measurement under way was refused or stopped; its points so far are kept."""
        if isinstance(event, Refused) and event.what == "measure" and self.measured is not None and self.source is None:
            self.ended_early = not self.measured.complete

    def kept(self, event: Refused | RunFailed) -> str:
        """The points that were measured before."""
        is_mine = isinstance(event, Refused) and event.what == "measure" and self.ended_early
        return measured_words.tr("the points measured so far, shown in their window") if is_mine else ""

    def read(self, path: Path) -> object | None:
        """Read a measurement that a bench wrote; None for any other file."""
        return measured_files.read(path) if path.is_file() and measured_files.is_summary(path) else None

    def show(self, content: object, path: Path) -> str:
        """Show the measurement of a file. Returns what is under way and prevents that; empty where it is shown."""
        assert isinstance(content, ScalingMeasured)
        if self.live:
            return self.under_way()
        self.measured, self.source, self.ended_early = content, path, False
        return ""
