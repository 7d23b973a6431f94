"""The runs on show, the selection, and what the engine is doing; knows no widget and no torch."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

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
from engine.commands import Command, Fork, Load, Pause, Question, Resume, Run, Step
from engine.events import Event, Refused, RunStarted
from engine.host.thread_host import Host
from engine.runs.summary import Summary

T = TypeVar("T", bound=TabState)
FRAME_MS = 33
# Nothing is drawn while measuring, so the queue need not be emptied often.
_MEASURING_MS = 250
# What a frame takes in: this long at most, but never so little that a queue could grow for ever.
_TAKE_S, _TAKE_AT_LEAST = 0.004, 64


class RunStore(QObject):
    """Owns everything the panels draw; `changed` says that something is new, `drafter_offered` that a target and a
    drafter that was made for it are to be used.

    frame: how often it took in what arrived. budget: what drawing takes, and how seldom panels draw therefore."""

    changed = Signal()
    drafter_offered = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history = RunHistory()
        self.engine = EngineLink()
        self.selection: Selection | None = None
        self.trouble: Trouble | None = None
        self.told = ""
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
        """What a tab knows of its own; made when it is first asked for, and told of all that arrives from then on."""
        if kind not in self._tabs:
            self._tabs[kind] = kind(self)  # type: ignore[call-arg]  # each keeps the store it belongs to
        made = self._tabs[kind]
        assert isinstance(made, kind)
        return made

    @property
    def tabs(self) -> tuple[TabState, ...]:
        """What every tab knows of its own."""
        return tuple(self._tabs.values())

    # What is on show

    @property
    def log(self) -> list[Event]:
        """The visible events of the run on show."""
        return list(self.history.events(0, self.history.n_visible))

    @property
    def summary(self) -> Summary:
        """What is visible, in numbers."""
        return self.history.summary

    @property
    def run_number(self) -> int:
        """Rises whenever panels must begin anew."""
        return self.history.epoch

    @property
    def started(self) -> RunStarted | None:
        """How the run on show began."""
        return None if self.history.shown is None else self.history.shown.started

    # What is going on

    @property
    def commands(self) -> CommandQueue:
        """What was asked of the engine."""
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
    def file_progress(self) -> tuple[float, float]:
        """How far the file under way is, and how large."""
        return self._files.progress

    @property
    def busy(self) -> bool:
        """Whether a command, a file or a replay is under way."""
        return self.reading or self.commands.front is not None or self.playing

    @property
    def playing(self) -> bool:
        """Whether a run or an answer is shown again."""
        return any(replay.playing for replay in self._replays)

    @property
    def _replays(self) -> list[Replay]:
        """That of the run on show, and those of the tabs."""
        return [self.replay, *(tab.replay for tab in self.tabs if tab.replay is not None)]

    def working(self, command: Command | None) -> TabState | None:
        """The tab whose work a command is, if it is one's."""
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
        """Whether a run is at its rounds, where it can be held."""
        return self.doing in ("prefilling", "drafting", "paused")

    def may_start(self) -> str:
        """Why no run can be asked for, in words; empty where one can.

        One can where nothing is under way, or only what is measured after a text that is done."""
        if self.reading:
            return self.tr("a file is being read or written")
        if (reason := next((tab.under_way() for tab in self.tabs if tab.live), "")) != "":
            return reason
        if self.commands.has_run and self.doing != "measuring":
            return self.tr("a run is under way")
        return ""

    def may_stop(self) -> str:
        """Why there is nothing to stop, in words; empty where there is."""
        return "" if self.busy else self.tr("nothing is under way")

    @property
    def can_start(self) -> bool:
        """Whether a run can be asked for."""
        return not self.may_start()

    # What is asked

    def attach(self, host: Host) -> None:
        """Begin to work with an engine; what was asked for before is handed over now."""
        self.engine.attach(host)
        self.watch()

    def load(self, pair: Load) -> None:
        """Load a pair."""
        self.engine.load(pair)
        self.watch()

    def ask(self, question: Question) -> None:
        """Ask what a pair would take, or which models there are; the answer comes when nothing else waits."""
        self.commands.ask(question)
        self.watch()

    def run(self, pair: Load, command: Run | Fork) -> None:
        """Run on a pair, loading it first where it is not the one in memory; what is only measured still is stopped."""
        self.stop_playback()
        if self.doing == "measuring":
            self.commands.cancel()
        self.engine.run(pair, command)
        self.watch()

    def make_way(self) -> None:
        """Hold what is played, and forget the trouble before: a tab's work begins."""
        self.stop_playback()
        self.trouble = None

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
            for tab in self.tabs:
                tab.cancelled()
        elif self.reading:
            self._files.cancel()
        else:
            self.stop_playback()
        self.watch()

    def select(self, selection: Selection | None) -> None:
        """Point at a round or token, in every panel."""
        if selection != self.selection:
            self.selection = selection
            self.changed.emit()

    def report(self, message: str, hint: str, *, what: str = "file") -> None:
        """Show a trouble that the window itself ran into."""
        self.trouble = Trouble("refused", what, message, hint, "", self.summary.n_emitted)
        self.notes.add(Refused(what, message, hint))
        self.changed.emit()

    def tell(self, words: str) -> None:
        """Say in the status line and the log what the window did."""
        self.told = words
        self.notes.add(words)
        self.changed.emit()

    def dismiss(self) -> None:
        """Take note of the trouble on show."""
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
        self._files.read(path, self.tabs)
        self.watch()

    def open_with(self, path: Path, tab: TabState, read: Callable[[Path], object]) -> None:
        """Show what can only be a file of that tab; read: raises EngineError where it is not."""
        self._files.read_with(path, tab, read)
        self.watch()

    def save_trace(self, path: Path, record: RunRecord | None = None) -> None:
        """Write a run, the one on show where none is given, to a file."""
        if (chosen := record or self.history.shown) is not None:
            self._files.write(path, chosen)
            self.watch()

    def close(self) -> bool:
        """Stop everything. Returns whether the engine has ended."""
        self._timer.stop()
        for replay in self._replays:
            replay.hold()
        self._files.close()
        return self.engine.close()

    def play(self, speed: float) -> None:
        """Show the run again from where it stands, or from its start where it is at its end."""
        self.replay.play(speed)
        self._drop_selection_to_come()
        self.watch()

    def stop_playback(self) -> None:
        """Hold a replay where it stands."""
        if self.playing:
            for replay in self._replays:
                replay.hold()
            self.changed.emit()

    def seek(self, n_events: int) -> None:
        """Show the run as it was after that many events."""
        if not self.replay.possible or n_events == self.history.n_visible:
            return
        self.replay.seek(n_events)
        self._drop_selection_to_come()
        self.changed.emit()

    def _drop_selection_to_come(self) -> None:
        """What is not visible yet cannot be pointed at."""
        if self.selection is not None and self.summary.n_rounds <= self.selection.round:
            self.selection = None

    # Taking in what arrived

    def _steer(self, command: Pause | Resume | Step) -> None:
        if self.in_rounds:
            self.engine.steer(command)
            self.watch()

    def watch(self) -> None:
        """Look at what arrives, soon, and say that something is new."""
        # What was asked is seen to soon, also where frames are rare; a frame under way is not put off.
        soon = self._timer.isActive() and self._timer.interval() == FRAME_MS
        if not soon and (self.busy or self.commands.unanswered):
            self._timer.start(FRAME_MS)
        self.changed.emit()

    def pump(self) -> None:
        """Take in a frame's worth of what arrived, and say so once."""
        began, spent_s = monotonic(), self.budget.spent_s
        self.frame += 1
        self.budget.look(monotonic(), live=self.engine.running)
        was_quiet = self.quiet
        n_taken = self._take_arrived()
        while (answer := self._files.next_answer()) is not None:
            self._intake.take_file(answer)
            n_taken += 1
        moved = sum(replay.move_on() for replay in self._replays) > 0
        interval = _MEASURING_MS if self.quiet and not self.playing else FRAME_MS
        if self._timer.interval() != interval:
            self._timer.setInterval(interval)
        if not (self.busy or self.commands.unanswered):
            self._timer.stop()
        if moved or (n_taken and not (was_quiet and self.quiet)):
            self.changed.emit()
        self.budget.spent_s = spent_s + monotonic() - began

    @property
    def quiet(self) -> bool:
        """Whether a run is under way that is to be measured without being drawn."""
        measured = self.measure_only and not is_answering(self.commands.front)
        return measured and self.engine.running and not self.paused and not self.commands.cancelling

    def _take_arrived(self) -> int:
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
