"""State of the Approximate tab: the sweep on show, the chosen way of decoding, and the gate's threshold."""

from pathlib import Path

from msgspec.structs import replace

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.words.counts import count
from app.workspaces.approximate import words
from app.workspaces.approximate.gate.known import GateChoice, KnownGate
from app.workspaces.approximate.record import SettingPick, ThresholdRecord, is_sweep, read_record
from engine.commands import Load, MeasureThresholds
from engine.events import Event, Progressed, Refused, RunFailed, SettingMeasured, SettingsMeasured
from engine.runs.trace import Trace

_HEAD = 16


class ThresholdProgress(TabState):
    """At most one sweep: under way, ended, or read from a file. chosen: the way whose figures are spelt out.

    gate, choice: what is known of the gate that is chosen in the setup; threshold: the one that is looked at. alone:
    thresholds that were measured one by one after the sweep on show, each with plain decoding and exact speculation
    of its own beside it."""

    work = MeasureThresholds

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.record = ThresholdRecord()
        self.chosen: SettingPick | None = None
        self.gate = KnownGate()
        self.choice = GateChoice("", "", "")
        self.threshold = 0.5
        self.alone: dict[SettingPick, SettingMeasured] = {}
        self._n_added = 0
        self._growing = self.record
        self._last: ThresholdRecord | None = None
        self._asked: tuple[Load, MeasureThresholds] | None = None
        self._store = store

    def begin(self, pair: Load, command: MeasureThresholds) -> None:
        """Start a sweep with a pair, which is loaded first where needed; runs are refused meanwhile."""
        if self.record.rows:
            self._last = self.record
        self.record = self._growing = ThresholdRecord(live=True)
        self.chosen, self._asked = None, (pair, command)
        self.alone.clear()
        self._start(pair, command)

    def begin_alone(self, pair: Load, command: MeasureThresholds) -> None:
        """Measure thresholds of the gate that the sweep on show is of, and add them to it."""
        assert self.continues(pair, command) and self.record.ended is not None
        self._growing = ThresholdRecord(live=True)
        self._start(pair, replace(command, weights=(), leniences=(), gammas=(self.record.ended.best_gamma,)))

    def _start(self, pair: Load, command: MeasureThresholds) -> None:
        self._store.make_way()
        self._store.told = ""
        self._store.engine.progressed = None
        self._store.engine.run(pair, command)
        self._store.watch()

    def continues(self, pair: Load, command: MeasureThresholds) -> bool:
        """Whether a measurement differs from the sweep on show in what is measured alone: pair, prompts and settings
        are the same, and that sweep came to its end in this session."""
        if self._asked is None or self.record.state != "finished" or self.record.source is not None:
            return False
        earlier, own = (replace(each, thresholds=(), weights=(), leniences=()) for each in (self._asked[1], command))
        return self._asked[0] == pair and earlier == own

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the sweep."""
        return self._store.stopping or words.progress(self._growing, at)

    @property
    def rows(self) -> dict[SettingPick, SettingMeasured]:
        """Every way that was measured: those of the sweep, and thresholds that were measured alone."""
        return self.record.rows | self.alone

    @property
    def version(self) -> tuple[int, int, int]:
        """Something that differs whenever other rows are on show."""
        return id(self.record), self.record.changes, self._n_added

    def look_at(self, threshold: float) -> None:
        """Show what a threshold does in every panel."""
        if threshold != self.threshold:
            self.threshold = threshold
            self._store.changed.emit()

    def take_gate(self, gate: KnownGate) -> None:
        """Show what is known of the gate."""
        if gate != self.gate:
            self.gate = gate
            self._store.changed.emit()

    @property
    def pick(self) -> SettingPick | None:
        """What panels spell out: the chosen way, or the fastest threshold whose loss is small."""
        if self.chosen in self.rows:
            return self.chosen
        best = words.best(self.record)
        return None if best is None else SettingPick(best.verification, best.setting)

    @property
    def row(self) -> SettingMeasured | None:
        """The figures of it."""
        return None if self.pick is None else self.rows.get(self.pick)

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
        self.record = self._growing = content
        self.chosen, self._asked = None, None
        self.alone.clear()
        return ""

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a sweep."""
        is_own = self._growing.take(event)
        if isinstance(event, SettingsMeasured):
            if self._growing is not self.record:
                self._add_alone()
            self._store.told = words.headline(self.record)
            if not self.record.rows:
                self._bring_back()
        return is_own

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the sweep was refused or failed, or that its pair could not be loaded."""
        if isinstance(event, RunFailed) or event.what in ("measurethresholds", "load"):
            self._growing.fail(event)
            self._bring_back()

    def kept(self, event: Refused | RunFailed) -> str:
        """The ways of decoding measured before."""
        n = len(self.record.rows)
        is_own = self._growing.failure is event and n
        return words.tr("{0} measured before, shown below").format(count(n, "combination")) if is_own else ""

    def cancelled(self) -> None:
        """Drop a sweep that was stopped before the engine received it."""
        if not self.commands.has(MeasureThresholds):
            self._growing.drop()
            self._bring_back()

    def _add_alone(self) -> None:
        """Add the thresholds that were measured after the sweep, if they were on all of its prompts."""
        ended = self._growing.ended
        if ended is None or not ended.complete:
            return
        for row in self._growing.gated:
            pick = SettingPick(row.verification, row.setting)
            self.alone[pick] = row
            self.chosen = pick
            self._n_added += 1

    def _bring_back(self) -> None:
        """Show the last sweep again where the new one measured nothing."""
        if self._last is not None and not self.record.rows and not self.record.live:
            self.record, self._last = self._last, None
