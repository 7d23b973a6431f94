"""State of the Long context tab: the measurement on show, what is chosen in it, and the document as it is read."""

from pathlib import Path

from msgspec.structs import replace

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.words.counts import count
from app.workspaces.longcontext import words
from app.workspaces.longcontext.record import LengthPick, LengthRecord, read_record
from app.workspaces.longcontext.strip_facts import StripFacts
from engine.commands import MeasureLengths, ReadText, Run
from engine.events import (
    AttentionChecked,
    Event,
    LengthsMeasured,
    LengthsStarted,
    Progressed,
    Refused,
    RunFailed,
    RunStarted,
    TextRead,
)
from engine.runs.trace import Trace

_HEAD = 16


class LengthProgress(TabState):
    """At most one measurement: under way, ended, or read from a file.

    parts: what runs made here have read of their documents, by id. chosen: the combination that panels show, None for
    the best of the longest length. text: what the next run reads, None while unknown; why_unread: why it cannot be
    read."""

    work = MeasureLengths

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.record = LengthRecord()
        self.chosen: LengthPick | None = None
        self.text: TextRead | None = None
        self.why_unread = ""
        self.parts: dict[str, StripFacts] = {}
        self._run: tuple[Run, StripFacts] | None = None
        self._outdated = ""
        self._asked: tuple[ReadText, str] | None = None
        self._serial = 0
        self._last: LengthRecord | None = None
        self._store = store

    def begin(self, command: MeasureLengths) -> None:
        """Start a measurement; runs are refused until it has ended."""
        self._store.make_way()
        self._store.told = ""
        self._store.engine.progressed = None
        if self.record.started is not None:
            self._last, self.record = self.record, LengthRecord(self.record.number)
        self.record.begin(command)
        self.chosen = None
        self.commands.ask(command)
        self._store.watch()

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the measurement."""
        return self._store.stopping or words.progress(self.record, at)

    # What panels show

    @property
    def pick(self) -> LengthPick | None:
        """The combination that panels show: the chosen one, or the fastest at the longest length."""
        if self.chosen is not None and any(row.pick == self.chosen for row in self.record.rows):
            return self.chosen
        best = words.ranked(self.record.longest)
        return LengthPick(best[0].length, best[0].drafter) if best else None

    def choose(self, pick: LengthPick) -> None:
        """Show a combination in every panel."""
        if pick != self.chosen:
            self.chosen = pick
            self._store.changed.emit()

    @property
    def kernels(self) -> tuple[AttentionChecked, ...]:
        """What is known of attention kernels on this machine: of those checked here the check."""
        named = () if self.text is None else self.text.kernels
        started = self.record.started
        checked = () if started is None or self.record.source is not None else started.kernels
        return tuple({kernel.name: kernel for kernel in (*named, *checked)}.values())

    # Runs on the document

    def begin_run(self, command: Run, part: StripFacts) -> None:
        """Note what a run that is about to begin reads of the document."""
        self._run, self._outdated = (command, part), ""

    def forget_run(self) -> None:
        """Show the document as it will be read, because something else is chosen now."""
        started = self._store.started
        self._outdated = "" if started is None else started.run_id

    def is_outdated(self, run_id: str) -> bool:
        """Whether something else was chosen since a run was on show."""
        return run_id == self._outdated

    def _note_part(self, event: RunStarted) -> None:
        if self._run is not None and self.commands.front is self._run[0]:
            self.parts[event.run_id] = self._run[1]
            self._run = None

    # The document

    def read_text(self, question: ReadText, target: str) -> None:
        """Ask for a text as the loaded target reads it, unless that was the last question."""
        if (question, target) != self._asked:
            self._asked, self.text, self.why_unread = (question, target), None, ""
            self._serial += 1
            self._store.ask(replace(question, serial=self._serial))

    def forget_text(self) -> None:
        """Read anew when asked again: another document or target is chosen."""
        self._asked, self.text, self.why_unread = None, None, ""

    # Files

    def read_log(self, log: Trace, path: Path) -> object | None:
        """Read the measurement of a log; None for a log of something else."""
        is_own = any(isinstance(event, LengthsStarted) for event in log.events[:_HEAD])
        return read_record(log.events, path) if is_own else None

    def show(self, content: object, path: Path) -> str:
        """Show the measurement of a log. Returns what is under way and prevents that."""
        assert isinstance(content, LengthRecord)
        if self.live:
            return self.under_way()
        content.number = self.record.number + 1
        self.record, self.chosen = content, None
        return ""

    # The engine's answers

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a measurement, or answers this tab's question."""
        if isinstance(event, TextRead):
            self.text = event if event.serial == self._serial else self.text
            return True
        if isinstance(event, RunStarted):
            self._note_part(event)
        is_own = self.record.take(event)
        if isinstance(event, LengthsMeasured):
            self._store.told = words.outcome(self.record)
        return is_own

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the measurement was refused or failed."""
        if isinstance(event, RunFailed) or event.what == "measurelengths":
            self.record.fail(event)
            self._bring_back()
        elif event.what == "readtext":
            self.why_unread = event.reason

    def kept(self, event: Refused | RunFailed) -> str:
        """The combinations measured before."""
        n = len(self.record.figures)
        if self.record.failure is not event or not n:
            return ""
        return words.tr("{0} measured before, shown below").format(count(n, "combination"))

    def cancelled(self) -> None:
        """Drop a measurement that was stopped before the engine received it."""
        if not self.commands.has(MeasureLengths):
            self.record.drop()
            self._bring_back()

    def _bring_back(self) -> None:
        """Show the last measurement again where the new one measured nothing."""
        if self._last is not None and self.record.started is None and not self.record.live:
            self._last.number = self.record.number + 1
            self.record, self._last = self._last, None
