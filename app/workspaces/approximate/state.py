"""State of the Approximate tab: the sweep on show, and which of its ways of decoding is chosen."""

from pathlib import Path

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.words.counts import count
from app.workspaces.approximate import words
from app.workspaces.approximate.record import SettingPick, ThresholdRecord, is_sweep, read_record
from engine.commands import Load, MeasureThresholds
from engine.events import Event, Progressed, Refused, RunFailed, SettingMeasured, SettingsMeasured
from engine.runs.trace import Trace

_HEAD = 16


class ThresholdProgress(TabState):
    """At most one sweep: under way, ended, or read from a file. chosen: the way whose figures are spelt out."""

    work = MeasureThresholds

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.record = ThresholdRecord()
        self.chosen: SettingPick | None = None
        self._last: ThresholdRecord | None = None
        self._store = store

    def begin(self, pair: Load, command: MeasureThresholds) -> None:
        """Start a sweep with a pair, which is loaded first where needed; runs are refused meanwhile."""
        self._store.make_way()
        self._store.told = ""
        self._store.engine.progressed = None
        if self.record.rows:
            self._last = self.record
        self.record, self.chosen = ThresholdRecord(live=True), None
        self._store.engine.run(pair, command)
        self._store.watch()

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the sweep."""
        return self._store.stopping or words.progress(self.record, at)

    @property
    def pick(self) -> SettingPick | None:
        """What panels spell out: the chosen way, or the fastest threshold whose loss is small."""
        if self.chosen in self.record.rows:
            return self.chosen
        best = words.best(self.record)
        return None if best is None else SettingPick(best.verification, best.setting)

    @property
    def row(self) -> SettingMeasured | None:
        """The figures of it."""
        return None if self.pick is None else self.record.rows.get(self.pick)

    def choose(self, pick: SettingPick) -> None:
        """Show a way of decoding in every panel."""
        if pick != self.chosen:
            self.chosen = pick
            self._store.changed.emit()

    def read_log(self, log: Trace, path: Path) -> object | None:
        """Read the sweep of a log; None for a log of something else."""
        return read_record(log.events, path) if any(map(is_sweep, log.events[:_HEAD])) else None

    def show(self, content: object, path: Path) -> str:
        """Show the sweep of a log. Returns what is under way and prevents that."""
        assert isinstance(content, ThresholdRecord)
        if self.live:
            return self.under_way()
        self.record, self.chosen = content, None
        return ""

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a sweep."""
        is_own = self.record.take(event)
        if isinstance(event, SettingsMeasured):
            self._store.told = words.headline(self.record)
            if not self.record.rows:
                self._bring_back()
        return is_own

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the sweep was refused or failed, or that its pair could not be loaded."""
        if isinstance(event, RunFailed) or event.what in ("measurethresholds", "load"):
            self.record.fail(event)
            self._bring_back()

    def kept(self, event: Refused | RunFailed) -> str:
        """The ways of decoding measured before."""
        n = len(self.record.rows)
        is_own = self.record.failure is event and n
        return words.tr("{0} measured before, shown below").format(count(n, "combination")) if is_own else ""

    def cancelled(self) -> None:
        """Drop a sweep that was stopped before the engine received it."""
        if not self.commands.has(MeasureThresholds):
            self.record.drop()
            self._bring_back()

    def _bring_back(self) -> None:
        """Show the last sweep again where the new one measured nothing."""
        if self._last is not None and not self.record.rows and not self.record.live:
            self.record, self._last = self._last, None
