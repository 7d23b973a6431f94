"""State of the gate that is made in the Approximate tab: what was asked of the engine, and what it answered."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.words.counts import count
from app.workspaces.approximate import gate_words
from app.workspaces.approximate.gate_record import GateRecord, is_gate_work, read_gate_record
from engine.commands import CollectGateRows, Command, Load, TrainGate
from engine.events import Event, GateRowsCollected, GateTrained, Progressed, Refused, RunFailed
from engine.runs.trace import Trace

_HEAD = 16
_NAMES = ("collectgaterows", "traingate")


class GateProgress(TabState):
    """At most one gate: rows for it are being collected, it is being trained, or it was read from a log.

    rows: where the newest rows lie, as far as this window knows; empty before any."""

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.record = GateRecord()
        self.rows = ""
        self._then: TrainGate | None = None
        self._store = store

    # Its work

    @property
    def live(self) -> bool:
        """Whether rows are collected or a gate is trained, or will be next."""
        return self.commands.has(CollectGateRows) or self.commands.has(TrainGate)

    def works_on(self, command: Command) -> bool:
        """Whether a command is its work."""
        return isinstance(command, CollectGateRows | TrainGate)

    def under_way(self) -> str:
        """What is under way, in words."""
        kind = CollectGateRows if self.commands.has(CollectGateRows) else TrainGate
        return QCoreApplication.translate("commands", kind.under_way)

    def collect(self, pair: Load, command: CollectGateRows, then: TrainGate | None = None) -> None:
        """Collect rows on a pair, which is loaded first where needed, and then train a gate if one is named."""
        self._begin(GateRecord(live=True, number=self.record.number + 1))
        self._then = then
        self._store.engine.run(pair, command)
        self._store.watch()

    def train(self, command: TrainGate) -> None:
        """Train a gate on rows that there are; what is known of them stays on show."""
        known = self.record
        record = GateRecord(live=True, number=known.number + 1)
        if known.collected is not None and known.collected.folder == command.rows:
            record.collected, record.n_rows, record.accepted = known.collected, known.n_rows, known.accepted
        self._begin(record)
        self.commands.ask(command)
        self._store.watch()

    def _begin(self, record: GateRecord) -> None:
        self._store.make_way()
        self._store.told = ""
        self._store.engine.progressed = None
        self.record, self._then = record, None

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the work."""
        return self._store.stopping or gate_words.progress(self.record, at)

    # Files

    def read_log(self, log: Trace, path: Path) -> object | None:
        """Read the collection or the training of a log; None for a log of something else."""
        return read_gate_record(log.events, path) if any(map(is_gate_work, log.events[:_HEAD])) else None

    def show(self, content: object, path: Path) -> str:
        """Show what a log holds. Returns what is under way and prevents that."""
        assert isinstance(content, GateRecord)
        if self.live:
            return self.under_way()
        content.number += self.record.number + 1
        self.record = content
        return ""

    # The engine's answers

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a gate; trains on the rows once all are there, if asked."""
        if not self.record.live and not is_gate_work(event):
            return False
        is_own = self.record.take(event)
        if isinstance(event, GateRowsCollected):
            self.rows, then, self._then = event.folder, self._then, None
            self._store.told = gate_words.ending(self.record)
            if event.complete and then is not None:
                self.record.state, self._store.engine.progressed = "asked", None
                self.commands.ask(then)
        elif isinstance(event, GateTrained):
            self._store.told = gate_words.ending(self.record)
        return is_own

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the work was refused, stopped or failed, or that its pair could not be loaded."""
        what = "" if isinstance(event, RunFailed) else event.what
        if not what or what in _NAMES or (what == "load" and self.record.state == "asked"):
            self.record.fail(event)
            self._then = None

    def kept(self, event: Refused | RunFailed) -> str:
        """The rows there are."""
        if self.record.failure is not event or not self.record.n_rows:
            return ""
        return gate_words.tr("{0} in their folder").format(count(self.record.n_rows, "row"))

    def cancelled(self) -> None:
        """Drop work that was stopped before the engine received it, and what was to follow."""
        self._then = None
        if not self.live:
            self.record.drop()
