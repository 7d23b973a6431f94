"""What the window knows of the engine: commands under way, models, progress; knows no widget and no run's events."""

from queue import Empty
from typing import Literal, TypeAlias

from app.state.command_queue import CommandQueue
from app.state.requests import is_answering
from engine.commands import Estimate, Evaluate, Fork, Index, Load, Measure, Pause, Resume, Run, Step, Survey, Train
from engine.events import (
    EngineEnded,
    EngineStarted,
    Estimated,
    Event,
    HostKind,
    ModelLoaded,
    ModelUnloaded,
    Progressed,
    Surveyed,
)
from engine.host.thread_host import Host
from engine.runs.summary import Summary

Doing: TypeAlias = Literal[
    "empty", "ready", "starting", "loading", "warming", "prefilling", "drafting", "paused", "measuring", "stopping",
    "reading", "done", "training", "answering", "indexing", "scaling", "evaluating",
]  # fmt: skip


class EngineLink:
    """Commands out, events in. begun: the run under way has said its first word; paused: it is held."""

    def __init__(self) -> None:
        self.commands = CommandQueue()
        self.progressed: Progressed | None = None
        self.estimated: Estimated | None = None
        self.surveyed: Surveyed | None = None
        self.model: ModelLoaded | None = None
        self.runs_on: HostKind = "thread"
        self.begun = False
        self.paused = False
        self._host: Host | None = None

    def attach(self, host: Host) -> None:
        """Begin to work with an engine; what was asked for before is handed over now."""
        self._host = host
        self.commands.attach(host)

    def next_event(self) -> Event | None:
        """The oldest event that was not taken yet."""
        if self._host is None:
            return None
        try:
            return self._host.inbox.get_nowait()
        except Empty:
            return None

    def close(self) -> bool:
        """Stop the engine. Returns whether it has ended."""
        return True if self._host is None else self._host.close()

    @property
    def running(self) -> bool:
        """Whether a run is under way and has begun."""
        return self.begun and isinstance(self.commands.front, Run | Fork)

    def load(self, pair: Load) -> None:
        """Load a pair."""
        self.progressed = None
        self.commands.ask(pair)

    def run(self, pair: Load, command: Run | Fork | Measure | Evaluate) -> None:
        """Run on a pair, measure or evaluate it, loading it first where it is not the one in memory."""
        if pair != self.commands.pair_to_come:
            self.load(pair)
        self.commands.ask(command)

    def steer(self, command: Pause | Resume | Step) -> None:
        """Act on the run under way."""
        self.paused = not isinstance(command, Resume)
        self.commands.steer(command)

    def doing(self, summary: Summary) -> Doing:
        """What the command under way is at; summary: of the run that grows."""
        if self.commands.cancelling:
            return "stopping"
        if isinstance(self.commands.front, Train):
            return "training"
        if isinstance(self.commands.front, Index):
            return "indexing"
        if isinstance(self.commands.front, Measure):
            return "scaling"
        if isinstance(self.commands.front, Evaluate):
            return "evaluating"
        if not isinstance(self.commands.front, Run | Fork):
            return "starting" if self.progressed is None else "loading"
        if not self.begun:
            return "warming"
        if is_answering(self.commands.front):
            return "answering"
        if summary.blocks:
            return "measuring"
        if self.paused:
            return "paused"
        return "prefilling" if summary.prefill_ms is None else "drafting"

    def run_began(self) -> None:
        """The run under way said its first word."""
        front = self.commands.front
        self.begun, self.progressed = True, None
        self.paused = isinstance(front, Run) and front.paused

    def run_ended(self, *, done: bool) -> None:
        """The run under way ended, as asked or not."""
        self.commands.answered(done=done)
        self.begun = self.paused = False

    def take(self, event: Event) -> bool:
        """Take in an event that is not of a run. Returns whether it was one."""
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
            case EngineStarted(host=host):
                self.runs_on = host
            case EngineEnded():
                self.progressed = None
            case ModelUnloaded():
                self.model = None
                self.commands.answered(done=True)
            case _:
                return False
        return True
