"""What the window knows of the engine: commands under way, models, progress; knows no widget and no run's events."""

from queue import Empty
from typing import Literal, TypeAlias

from app.state.command_queue import CommandQueue
from app.state.requests import is_answering
from engine.commands import Command, Load, Pause, Resume, Run, Step, Unload
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

# What a run, a load or a file is at, or what the command under way declares that it is doing.
Doing: TypeAlias = (
    Literal[
        "empty", "ready", "starting", "loading", "warming", "prefilling", "drafting", "paused", "measuring",
        "stopping", "reading", "done", "answering",
    ]
    | str
)  # fmt: skip


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
        return self.begun and self.commands.front is not None and self.commands.front.is_run

    def load(self, pair: Load) -> None:
        """Load a pair."""
        self.progressed = None
        self.commands.ask(pair)

    def run(self, pair: Load, command: Command) -> None:
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
        front = self.commands.front
        if front is None or isinstance(front, Load | Unload):
            return "starting" if self.progressed is None else "loading"
        if not front.is_run:
            return front.doing
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

    def run_ended(self) -> None:
        """The run under way ended, as asked or not."""
        self.begun = self.paused = False

    def take(self, event: Event) -> bool:
        """Take in an event that is not of a run. Returns whether it was one."""
        match event:
            case Progressed():
                self.progressed = event
            case Estimated():
                self.estimated = event
            case Surveyed():
                self.surveyed = event
            case ModelLoaded():
                self.model = event
            case EngineStarted(host=host):
                self.runs_on = host
            case EngineEnded():
                self.progressed = None
            case ModelUnloaded():
                self.model = None
            case _:
                return False
        return True
