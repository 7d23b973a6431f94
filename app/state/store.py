"""Holds what the window shows: the runs, the selection, and what the engine is doing."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TypeVar

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from app.state.budget import Budget
from app.state.command_queue import CommandQueue
from app.state.engine_link import Doing, EngineLink
from app.state.intake import Intake
from app.state.notices import Notes, Trouble
from app.state.replay import Replay
from app.state.requests import is_answering
from app.state.run_history import RunHistory
from app.state.run_record import RunRecord
from app.state.selection import Selection
from app.state.tab_state import TabState
from app.state.trace_files import TraceFiles
from app.words import pace
from engine.commands import Command, Fork, Load, Pause, Question, Resume, Run, Step
from engine.events import Event, Refused, RunStarted
from engine.host.thread_host import Host
from engine.reports.pilot import Prices
from engine.runs.summary import Summary

T = TypeVar("T", bound=TabState)
FRAME_MS = 33
# Nothing is drawn while measuring, so the queue need not be emptied often.
_MEASURING_MS = 250
# How soon the window says that the idle engine was ended from outside.
_IDLE_MS = 500
# A frame takes in events for at most this long, but never so few that the queue could grow for ever.
_TAKE_S, _TAKE_AT_LEAST = 0.004, 64


class RunStore(QObject):
    """Owns everything the panels draw. `changed`: something is new; `drafter_offered`: a target and the drafter trained
    for it are to be used; `model_offered`: a model, as target or drafter; `models_changed`: the cache has others now;
    `tabs_needed`: a file may belong to any tab, so that all must be there.

    prices: of the newest report, for the next. frame: how often `pump` ran. budget: the time drawing takes, and how
    rarely panels draw because of it."""

    changed = Signal()
    drafter_offered = Signal(str, str)
    model_offered = Signal(str, str)
    models_changed = Signal()
    tabs_needed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history = RunHistory()
        self.engine = EngineLink()
        self.selection: Selection | None = None
        self.trouble: Trouble | None = None
        self.told = ""
        self.prices = Prices()
        self.notes = Notes()
        self.measure_only = False
        self.replay = Replay(self.history)
        self._tabs: dict[type[TabState], TabState] = {}
        self._intake = Intake(self)
        self.frame = 0
        self.budget = Budget()
        self._files = TraceFiles()
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.pump)

    def tab(self, kind: type[T]) -> T:
        """The state of a tab; created on first use, and offered everything that arrives from then on."""
        if kind not in self._tabs:
            self._tabs[kind] = kind(self)  # type: ignore[call-arg]  # each keeps the store it belongs to
        state = self._tabs[kind]
        assert isinstance(state, kind)
        return state

    @property
    def tabs(self) -> tuple[TabState, ...]:
        """The state of every tab."""
        return tuple(self._tabs.values())

    # What is on show

    @property
    def log(self) -> list[Event]:
        """The visible events of the run on show."""
        return list(self.history.events(0, self.history.n_visible))

    @property
    def summary(self) -> Summary:
        """The summary of what is visible."""
        return self.history.summary

    @property
    def run_number(self) -> int:
        """Rises whenever panels must start over."""
        return self.history.epoch

    @property
    def started(self) -> RunStarted | None:
        """How the run on show began."""
        return None if self.history.shown is None else self.history.shown.started

    # What is going on

    @property
    def commands(self) -> CommandQueue:
        """The commands queued for the engine."""
        return self.engine.commands

    @property
    def paused(self) -> bool:
        """Whether the run under way is held."""
        return self.engine.paused

    @property
    def reading(self) -> bool:
        """Whether a file is being read or written."""
        return bool(self._files.n_under_way)

    @property
    def writing(self) -> bool:
        """Whether a run is being written to a file."""
        return self._files.writing

    @property
    def file_progress(self) -> tuple[float, float]:
        """Progress of the file under way: units done, and in total."""
        return self._files.progress

    @property
    def busy(self) -> bool:
        """Whether a command, a file or a replay is under way."""
        return self.reading or self.commands.front is not None or self.playing

    @property
    def playing(self) -> bool:
        """Whether a run or an answer is being replayed."""
        return any(replay.playing for replay in self._replays)

    @property
    def _replays(self) -> list[Replay]:
        """The replay of the run on show, and those of the tabs."""
        return [self.replay, *(tab.replay for tab in self.tabs if tab.replay is not None)]

    def working(self, command: Command | None) -> TabState | None:
        """The tab whose work a command is, if any."""
        return next((tab for tab in self.tabs if command is not None and tab.works_on(command)), None)

    @property
    def doing(self) -> Doing:
        """What is going on."""
        if self.commands.front is not None:
            return self.engine.doing(self._intake.growing.live_summary)
        if self.reading:
            return "reading"
        if self.history.shown is not None:
            return "done"
        return "ready" if self.engine.model is not None else "empty"

    @property
    def in_rounds(self) -> bool:
        """Whether a run is in its prefill or rounds, where it can be held."""
        return self.doing in ("prefilling", "drafting", "paused")

    def may_start(self) -> str:
        """Why no run can be started, in words; empty where one can.

        One can while nothing is under way, or only the measurement after a finished text."""
        if self.reading:
            return self.tr("a file is being read or written")
        if (reason := next((tab.under_way() for tab in self.tabs if tab.live), "")) != "":
            return reason
        if self.commands.has_run and self.doing != "measuring":
            return self.tr("a run is under way")
        return ""

    def may_stop(self) -> str:
        """Why nothing can be stopped, in words; empty where something can."""
        return self.stopping or ("" if self.busy else self.tr("nothing is under way"))

    @property
    def stopping(self) -> str:
        """What a stop waits for, in words; empty where nothing is being stopped."""
        if (front := self.commands.front) is None or not self.commands.cancelling:
            return ""
        in_rounds = front.is_run and not is_answering(front) and not self._intake.growing.live_summary.blocks
        return self.tr("Stopping after this round…") if in_rounds else self.tr("Stopping after this step…")

    @property
    def long_work(self) -> str:
        """Long work under way, in words, which a key pressed by mistake must not end; empty where there is none."""
        if (work := self.commands.work) is None or self.stopping:
            return ""
        if work.is_run:
            return pace.indexing(self.engine.progressed) if self.doing in ("warming", "answering") else ""
        return QCoreApplication.translate("commands", work.under_way)

    # Commands

    def attach(self, host: Host) -> None:
        """Connect an engine and hand over the commands queued before."""
        self.engine.attach(host)
        self.watch()

    def load(self, pair: Load) -> None:
        """Load a pair."""
        self.engine.load(pair)
        self.watch()

    def ask(self, question: Question) -> None:
        """Ask what a pair would take, or which models exist; answered once nothing else waits."""
        self.commands.ask(question)
        self.watch()

    def run(self, pair: Load, command: Run | Fork) -> None:
        """Run on a pair, loading it first where needed; a measurement after a finished text is stopped."""
        self.stop_playback()
        if self.doing == "measuring":
            self.commands.cancel()
        self.engine.run(pair, command)
        self.watch()

    def make_way(self) -> None:
        """Stop replays and clear the last trouble, because a tab's work begins."""
        self.stop_playback()
        self.trouble = None

    def pause(self) -> None:
        """Hold the run after the current round."""
        self._steer(Pause())

    def resume(self) -> None:
        """Let a held run continue."""
        self._steer(Resume())

    def step(self) -> None:
        """Let the run do one round and hold it again."""
        if not self.paused:
            self.pause()
        self._steer(Step())

    def cancel(self) -> None:
        """Stop what is under way and drop what waits; the log so far is kept."""
        if self.commands.front is not None:
            self.commands.cancel()
            for tab in self.tabs:
                tab.cancelled()
        elif self.reading:
            self._files.cancel()
        else:
            self.stop_playback()
        self.watch()

    def select(self, selection: Selection | None) -> None:
        """Select a round or token, in all panels."""
        if selection != self.selection:
            self.selection = selection
            self.changed.emit()

    def report(self, message: str, hint: str, *, what: str = "file") -> None:
        """Show a problem that the window itself ran into."""
        self.trouble = Trouble("refused", what, message, hint, "", "")
        self.notes.add(Refused(what, message, hint))
        self.changed.emit()

    def tell(self, words: str) -> None:
        """Report in the status line and the log what the window did."""
        self.told = words
        self.notes.add(words)
        self.changed.emit()

    def dismiss(self) -> None:
        """Clear the trouble on show."""
        self.trouble = None
        self.changed.emit()

    def show_run(self, record: RunRecord) -> None:
        """Show another run of this session."""
        self.stop_playback()
        self.history.show(record)
        self.selection = None
        self.changed.emit()

    def open_trace(self, path: Path) -> None:
        """Show a saved run, or a file of one of the tabs."""
        self.tabs_needed.emit()
        self._files.read(path, self.tabs)
        self.watch()

    def open_with(self, path: Path, tab: TabState, read: Callable[[Path], object]) -> None:
        """Show a file that can only belong to one tab; read: raises EngineError if it does not."""
        self._files.read_with(path, tab, read)
        self.watch()

    def save_trace(self, path: Path, record: RunRecord | None = None) -> None:
        """Write a run to a file; without a record, the one on show."""
        if (saved := record or self.history.shown) is not None:
            self._files.write(path, saved)
            self.watch()

    def close(self) -> bool:
        """Stop everything. Returns whether the engine has ended."""
        self._timer.stop()
        for replay in self._replays:
            replay.hold()
        self._files.close()
        return self.engine.close()

    def play(self, speed: float) -> None:
        """Replay the run from its current position, or from its start if it is at its end."""
        self.replay.play(speed)
        self._drop_hidden_selection()
        self.watch()

    def stop_playback(self) -> None:
        """Stop every replay at its current position."""
        if self.playing:
            for replay in self._replays:
                replay.hold()
            self.changed.emit()

    def seek(self, n_events: int) -> None:
        """Show the run as it was after `n_events` events."""
        if not self.replay.possible or n_events == self.history.n_visible:
            return
        self.replay.seek(n_events)
        self._drop_hidden_selection()
        self.changed.emit()

    def _drop_hidden_selection(self) -> None:
        """Clear a selection whose round is not visible yet."""
        if self.selection is not None and self.summary.n_rounds <= self.selection.round:
            self.selection = None

    # Incoming events

    def _steer(self, command: Pause | Resume | Step) -> None:
        if self.in_rounds:
            self.engine.steer(command)
            self.watch()

    def watch(self) -> None:
        """Poll for events within a frame, and emit `changed`."""
        # Also while measuring, when polls are rare; a frame that is already due is not postponed.
        soon = self._timer.isActive() and self._timer.interval() == FRAME_MS
        if not soon and (self.busy or self.commands.unanswered):
            self._timer.start(FRAME_MS)
        self.changed.emit()

    def pump(self) -> None:
        """Take in a frame's worth of what arrived, and emit `changed` at most once."""
        began, spent_s = monotonic(), self.budget.spent_s
        self.frame += 1
        self.budget.look(monotonic(), live=self.engine.running)
        was_quiet = self.quiet
        n_taken = self._take_events()
        while (answer := self._files.next_answer()) is not None:
            self._intake.take_file(answer)
            n_taken += 1
        moved = sum(replay.move_on() for replay in self._replays) > 0
        self._pace()
        if moved or (n_taken and not (was_quiet and self.quiet)):
            self.changed.emit()
        self.budget.spent_s = spent_s + monotonic() - began

    def _pace(self) -> None:
        """Poll as often as there is something to come; while idle, only for the end of an engine's own process."""
        idle = not (self.busy or self.commands.unanswered)
        interval = _IDLE_MS if idle else _MEASURING_MS if self.quiet and not self.playing else FRAME_MS
        if self._timer.interval() != interval:
            self._timer.setInterval(interval)
        if idle and not self.engine.may_end:
            self._timer.stop()

    @property
    def quiet(self) -> bool:
        """Whether the run under way is to be measured without being drawn."""
        measured = self.measure_only and not is_answering(self.commands.front)
        return measured and self.engine.running and not self.paused and not self.commands.cancelling

    def _take_events(self) -> int:
        n_taken, until = 0, monotonic() + _TAKE_S
        while n_taken < _TAKE_AT_LEAST or monotonic() < until:
            if (event := self.engine.next_event()) is None:
                break
            self.take(event)
            n_taken += 1
        return n_taken

    def take(self, event: Event) -> None:
        """Take in one event of the engine."""
        self._intake.take(event)
