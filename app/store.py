"""The run on show: its log, summary and selection, and what the engine is doing; knows no widget and no torch."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Literal, NamedTuple, TypeAlias

from PySide6.QtCore import QObject, QTimer, Signal

from app.command_queue import CommandQueue
from app.trace_files import Answer, TraceFailed, TraceFiles, TraceRead, TraceSaved
from engine.events import (
    Estimated,
    Event,
    ModelLoaded,
    ModelUnloaded,
    Progressed,
    Refused,
    RunFailed,
    RunFinished,
    RunStarted,
    Surveyed,
)
from engine.host import Estimate, Fork, Host, Load, Pause, Question, Resume, Run, Step, Survey
from engine.summary import Summary, fold

FRAME_MS = 33
_EVENTS_A_FRAME = 200

Doing: TypeAlias = Literal[
    "empty", "ready", "starting", "loading", "warming", "prefilling", "drafting", "paused", "measuring", "stopping",
    "reading", "done",
]  # fmt: skip


class Selection(NamedTuple):
    """A round and a token of it: 0 to n - 1 are proposed, n is the last token, None the whole round."""

    round: int
    token: int | None


class Trouble(NamedTuple):
    """What went wrong and what was kept. n_kept: tokens of the run on show."""

    kind: Literal["refused", "failed", "damaged"]
    what: str
    message: str
    hint: str
    details: str
    n_kept: int


class PastRun(NamedTuple):
    """A run of this session that another one replaced."""

    log: list[Event]
    summary: Summary


class RunStore(QObject):
    """Owns everything the panels draw; `changed` says that something is new."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.log: list[Event] = []
        self.summary = Summary()
        self.run_number = 0
        self.history: list[PastRun] = []
        self.selection: Selection | None = None
        self.source: Path | None = None
        self.saved: Path | None = None
        self.paused = False
        self.progressed: Progressed | None = None
        self.estimated: Estimated | None = None
        self.surveyed: Surveyed | None = None
        self.model: ModelLoaded | None = None
        self.trouble: Trouble | None = None
        self.commands = CommandQueue()
        self._host: Host | None = None
        self._files = TraceFiles()
        self._n_file_jobs = 0
        self._replay: deque[Event] = deque()
        self._damage: str | None = None
        self._begun = False
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.pump)

    @property
    def started(self) -> RunStarted | None:
        """How the run on show began."""
        first = self.log[0] if self.log else None
        return first if isinstance(first, RunStarted) else None

    @property
    def reading(self) -> bool:
        """Whether a file is being read or written."""
        return bool(self._n_file_jobs or self._replay)

    @property
    def busy(self) -> bool:
        """Whether a command or a file is under way."""
        return self.reading or self.commands.front is not None

    @property
    def doing(self) -> Doing:
        """What is going on."""
        if self.reading:
            return "reading"
        if self.commands.front is not None:
            return self._doing_command()
        if self.log:
            return "done"
        return "ready" if self.model is not None else "empty"

    def _doing_command(self) -> Doing:
        if self.commands.cancelling:
            return "stopping"
        if not isinstance(self.commands.front, Run | Fork):
            return "starting" if self.progressed is None else "loading"
        if not self._begun:
            return "warming"
        if self.summary.blocks:
            return "measuring"
        if self.paused:
            return "paused"
        return "prefilling" if self.summary.prefill_ms is None else "drafting"

    @property
    def in_rounds(self) -> bool:
        """Whether a run is at its rounds, where it can be held."""
        return self.doing in ("prefilling", "drafting", "paused")

    def attach(self, host: Host) -> None:
        """Begin to work with an engine; what was asked for before is handed over now."""
        self._host = host
        self.commands.attach(host)
        self._watch()

    def load(self, pair: Load) -> None:
        """Load a pair."""
        self.progressed = None
        self.commands.ask(pair)
        self._watch()

    def ask(self, question: Question) -> None:
        """Ask what a pair would take, or which models there are; the answer comes when nothing else waits."""
        self.commands.ask(question)
        self._watch()

    def run(self, pair: Load, command: Run | Fork) -> None:
        """Run on a pair, loading it first where it is not the one in memory."""
        if pair != self.commands.pair_to_come:
            self.commands.ask(pair)
        self.commands.ask(command)
        self._watch()

    def pause(self) -> None:
        """Hold the run after the round under way."""
        self._steer(Pause())

    def resume(self) -> None:
        """Let a held run go on."""
        self._steer(Resume())

    def step(self) -> None:
        """Let the run make one round and hold it there."""
        if not self.paused:
            self.pause()
        self._steer(Step())

    def cancel(self) -> None:
        """Stop what is under way and forget what waits; the log so far is kept."""
        if self.commands.front is not None:
            self.commands.cancel()
            self._watch()

    def select(self, selection: Selection | None) -> None:
        """Point at a round or token, in every panel."""
        if selection != self.selection:
            self.selection = selection
            self.changed.emit()

    def dismiss(self) -> None:
        """Take note of the trouble on show."""
        self.trouble = None
        self.changed.emit()

    def open_trace(self, path: Path) -> None:
        """Show a saved run."""
        self._n_file_jobs += 1
        self._files.read(path)
        self._watch()

    def save_trace(self, path: Path) -> None:
        """Write the run on show to a file."""
        self._n_file_jobs += 1
        self._files.write(path, tuple(self.log))
        self._watch()

    def close(self) -> bool:
        """Stop everything. Returns whether the engine has ended."""
        self._timer.stop()
        self._files.close()
        return True if self._host is None else self._host.close()

    def _steer(self, command: Pause | Resume | Step) -> None:
        if self.in_rounds:
            self.paused = not isinstance(command, Resume)
            self.commands.steer(command)
            self._watch()

    def _watch(self) -> None:
        if self.busy or self.commands.unanswered:
            self._timer.start()
        self.changed.emit()

    def pump(self) -> None:
        """Take in a frame's worth of what arrived, and say so once."""
        n_taken = sum(self._take(event, live=live) for event, live in self._arrived())
        while not self._files.answers.empty():
            self._take_file(self._files.answers.get_nowait())
            n_taken += 1
        self._tell_damage()
        if not (self.busy or self.commands.unanswered):
            self._timer.stop()
        if n_taken:
            self.changed.emit()

    def _tell_damage(self) -> None:
        """Once all that could be read is on show, say what could not."""
        if self._damage is not None and not self._replay:
            hint = "what is shown is whole up to there"
            self.trouble = Trouble("damaged", "file", self._damage, hint, "", self.summary.n_emitted)
            self._damage = None

    def _arrived(self) -> Iterator[tuple[Event, bool]]:
        """The next events, a file's before the engine's, and whether they are the engine's."""
        for _ in range(_EVENTS_A_FRAME):
            if self._replay:
                yield self._replay.popleft(), False
            elif self._host is None:
                return
            else:
                try:
                    yield self._host.inbox.get_nowait(), True
                except Empty:
                    return

    def _take(self, event: Event, *, live: bool) -> bool:
        match event:
            case Progressed():
                self.progressed = event
            case Estimated():
                self.estimated = event
                self.commands.answered_question(Estimate)
            case Surveyed():
                self.surveyed = event
                self.commands.answered_question(Survey)
            case ModelLoaded():
                self.model = event
                self.commands.answered(done=True)
            case ModelUnloaded():
                self.model = None
                self.commands.answered(done=True)
            case Refused():
                self._take_refusal(event)
            case _:
                self._take_run(event, live=live)
        return True

    def _take_refusal(self, event: Refused) -> None:
        stopped = self.commands.cancelling or event.what in ("estimate", "survey")
        if event.what != "save":
            self.commands.answered(done=False)
        if not stopped:
            self.trouble = Trouble("refused", event.what, event.reason, event.hint, "", self.summary.n_emitted)

    def _take_run(self, event: Event, *, live: bool) -> None:
        if isinstance(event, RunStarted):
            self._begin(live=live)
        if isinstance(event, RunFailed):
            kept = self.summary.n_emitted if self.summary.state == "running" else 0
            self.trouble = Trouble("failed", "run", event.message, event.hint, event.traceback, kept)
        if self.summary.state == "running" or isinstance(event, RunStarted):
            self.log.append(event)
            self.summary = fold(self.summary, event)
        if live and isinstance(event, RunFinished | RunFailed):
            self.commands.answered(done=isinstance(event, RunFinished))
            self._begun = self.paused = False

    def _begin(self, *, live: bool) -> None:
        """Put the log of the run before aside and start another."""
        if self.log:
            self.history.append(PastRun(self.log, self.summary))
        self.log, self.summary, self.selection, self.saved = [], Summary(), None, None
        self.run_number += 1
        self.progressed = self.trouble = None
        front = self.commands.front
        self._begun = live
        self.paused = live and isinstance(front, Run) and front.paused
        if live:
            self.source = None

    def _take_file(self, answer: Answer) -> None:
        self._n_file_jobs -= 1
        match answer:
            case TraceRead(path, trace):
                self._replay.extend(trace.events)
                self.source = path
                self._damage = trace.damage
            case TraceSaved(path):
                self.saved = path
            case TraceFailed(message, hint):
                self.trouble = Trouble("refused", "file", message, hint, "", self.summary.n_emitted)
