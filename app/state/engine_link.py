"""Connects the window to the engine: queued commands, polled events, and the models and progress it reports."""

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
    PromptPreviewed,
    Surveyed,
)
from engine.host.thread_host import Host
from engine.runs.summary import Summary

# The state of a run, a load or a file, or the word that the command under way declares for itself.
Doing: TypeAlias = (
    Literal[
        "empty", "ready", "starting", "loading", "warming", "prefilling", "drafting", "paused", "measuring",
        "stopping", "reading", "done", "answering",
    ]
    | str
)  # fmt: skip


class EngineLink:
    """Commands out, events in. begun: the run under way has sent its first event; paused: it is held.

    may_end: the engine has a process of its own, which can end at any moment."""

    def __init__(self) -> None:
        self.commands = CommandQueue()
        self.progressed: Progressed | None = None
        self.estimated: Estimated | None = None
        self.surveyed: Surveyed | None = None
        self.previewed: PromptPreviewed | None = None
        self.model: ModelLoaded | None = None
        self.runs_on: HostKind = "thread"
        self.may_end = False
        self.is_up = False
        self.begun = False
        self.paused = False
        self._host: Host | None = None

    def attach(self, host: Host) -> None:
        """Connect an engine and hand over the commands queued before."""
        self._host = host
        self.commands.attach(host)

    def next_event(self) -> Event | None:
        """Take the oldest event from the inbox, if there is one."""
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
    def is_loading(self) -> bool:
        """Whether a pair is being loaded by an engine that is up."""
        return self.is_up and isinstance(self.commands.front, Load)

    @property
    def running(self) -> bool:
        """Whether a run is under way and has begun."""
        return self.begun and self.commands.front is not None and self.commands.front.is_run

    def load(self, pair: Load) -> None:
        """Load a pair."""
        self.progressed = None
        self.commands.ask(pair)

    def run(self, pair: Load, command: Command) -> None:
        """Run, measure or evaluate on a pair, loading it first if it will not be in memory by then."""
        if pair != self.commands.pair_to_come:
            self.load(pair)
        self.commands.ask(command)

    def steer(self, command: Pause | Resume | Step) -> None:
        """Act on the run under way."""
        self.paused = not isinstance(command, Resume)
        self.commands.steer(command)

    def doing(self, summary: Summary) -> Doing:
        """What the command under way is doing; summary: of the live run."""
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
        """Record that the run under way sent its first event."""
        front = self.commands.front
        self.begun, self.progressed = True, None
        self.paused = isinstance(front, Run) and front.paused

    def run_ended(self) -> None:
        """Record that the run under way ended, for whatever reason."""
        self.begun = self.paused = False

    def take(self, event: Event) -> bool:
        """Take in an event that belongs to no run. Returns whether it was one."""
        match event:
            case Progressed():
                self.progressed = event
            case Estimated():
                self.estimated = event
            case Surveyed():
                self.surveyed = event
            case PromptPreviewed():
                self.previewed = event
            case ModelLoaded():
                self.model = event
            case EngineStarted(host=host):
                self.runs_on, self.may_end, self.is_up = host, host == "process", True
            case EngineEnded():
                self.progressed, self.may_end, self.is_up = None, False, False
            case ModelUnloaded():
                self.model = None
            case _:
                return False
        return True
