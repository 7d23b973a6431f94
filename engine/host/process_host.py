"""The engine in a kept-alive process of its own: a host like any other, but its end can be forced.

* imports neither Qt nor torch.

One command is with the process at a time, the others wait here: a crash costs the one under way and the models in
memory, which the next run has loaded again first."""

import threading
import time
from collections import deque
from pathlib import Path
from queue import SimpleQueue

from msgspec.structs import replace

from engine.commands import Command, Load, Pause, Resume, Run, Step, Unload
from engine.errors import EngineError
from engine.events import (
    EngineEnded,
    EngineStarted,
    Event,
    ModelLoaded,
    ModelUnloaded,
    Progressed,
    Refused,
    RunFailed,
    RunFinished,
    RunStarted,
)
from engine.host import endings
from engine.host.child_link import Child, Ending, command_line
from engine.host.endings import RunSoFar
from engine.host.wire import Answered, Cancel, Readied, Said

# What the process gets to end by itself when the window closes.
_JOIN_S = 3.0
# A window that takes no events holds the engine once so many wait, through the pipe that fills up.
MOST_WAITING = 4096
_LOOK_AGAIN_S = 0.01


class _Task:
    """A command that is not answered yet. handed: the process has it, or the pair it needs. steers: given early.
    told: its last event was heard, though not that it was the last."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.steers: list[Pause | Step | Resume] = []
        self.cancelled = False
        self.handed = False
        self.told = False


class ProcessHost:
    """The engine in a process that is started with the first command and again after it ended.

    runs: folder that receives a folder a run; None saves nothing. argv: what starts the process. patience_s: after
    that time a command that was stopped and goes on is ended together with the process, which has imported first."""

    def __init__(
        self,
        runs: Path | None = None,
        *,
        inbox: "SimpleQueue[Event] | None" = None,
        argv: list[str] | None = None,
        patience_s: float | None = None,
    ) -> None:
        self.inbox: SimpleQueue[Event] = SimpleQueue() if inbox is None else inbox
        self._runs = runs
        self._argv = command_line(runs) if argv is None else argv
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._tasks: deque[_Task] = deque()
        self._child: Child | None = None
        self._pair: Load | None = None
        self._has_pair = False
        self._readied = False
        self._reloading = False
        self._refusal: Refused | None = None
        self._run: RunSoFar | None = None
        self._timer: threading.Timer | None = None
        self._urgent = self._dying = self._closing = False

    def submit(self, command: Command) -> None:
        """Hand over a command. Pause, step and resume act at once on the run under way or the next one."""
        with self._lock:
            if isinstance(command, Pause | Step | Resume):
                self._steer(command)
            else:
                self._tasks.append(_Task(command))
                self._advance()

    def cancel(self) -> None:
        """Stop the command under way, by force where it takes too long, and drop those submitted before this call."""
        with self._lock:
            self._cancel()

    def close(self) -> bool:
        """Cancel, wait up to three seconds, end by force."""
        with self._lock:
            self._closing = self._urgent = True
            self._cancel()
            child = self._child
        if child is None:
            return True
        child.finish()
        if not child.join(_JOIN_S):
            child.kill()
        return child.join(_JOIN_S)

    # Orders; the lock is held

    def _steer(self, command: Pause | Step | Resume) -> None:
        for task in self._tasks:
            if task.command.can_be_held:
                if self._child is not None and task.handed and not self._reloading:
                    self._child.send(command)
                else:
                    task.steers.append(command)
                return

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancelled = True
        if self._child is None or not self._tasks or not self._tasks[0].handed:
            return
        self._urgent = True
        self._child.send(Cancel())
        self._be_patient(self._tasks[0])

    def _be_patient(self, task: _Task) -> None:
        """Start the clock of a command that was stopped; importing torch from a slow disk is no fault of its own."""
        if self._readied and self._timer is None:
            self._timer = threading.Timer(self._patience(task.command), self._lose_patience, [task])
            self._timer.daemon = True
            self._timer.start()

    def _patience(self, command: Command) -> float:
        if self._patience_s is not None:
            return self._patience_s
        return command.patience_s

    def _lose_patience(self, task: _Task) -> None:
        with self._lock:
            if self._child is not None and self._tasks and self._tasks[0] is task:
                self.inbox.put(EngineEnded("the engine did not stop and its process was ended", endings.AGAIN))
                self._kill(self._child)

    def _kill(self, child: Child) -> None:
        self._dying = True
        child.kill()

    def _advance(self) -> None:
        """Hand over the next command, unless one is under way or the process is about to end."""
        while self._tasks and not (self._tasks[0].handed or self._dying or self._closing):
            task = self._tasks[0]
            if task.cancelled:
                self._answer(Refused(task.command.name, "stopped before it began", "start it again"))
            elif isinstance(task.command, Unload):
                self._unload(task)
            else:
                self._hand_over(task)

    def _unload(self, task: _Task) -> None:
        """Only the end of a process gives back all its memory."""
        if self._child is None:
            self._pair = None
            self._answer(ModelUnloaded())
        else:
            task.handed = True
            self._kill(self._child)

    def _hand_over(self, task: _Task) -> None:
        if self._child is None:
            self._has_pair = self._readied = False
            self._child = Child(self._argv, heard=self._hear, ended=self._child_ended)
        needed = self._pair if task.command.needs_pair and not self._has_pair else None
        try:
            if needed is not None:
                self._child.send(needed)
            else:
                self._child.send(_held(task))
        except (UnicodeEncodeError, OverflowError) as err:
            self._answer(Refused(task.command.name, f"it cannot be told to the engine ({err})", "change it"))
            return
        self._reloading = needed is not None
        task.handed = True
        if not isinstance(task.command, Run):
            while task.steers and not self._reloading:
                self._child.send(task.steers.pop(0))

    def _answer(self, event: Event) -> None:
        """Say how the first command ended, in place of the process."""
        self._tasks.popleft()
        self.inbox.put(event)

    # What is heard, on the thread of the process' link

    def _hear(self, said: Said) -> None:
        while self.inbox.qsize() >= MOST_WAITING and not self._urgent:
            time.sleep(_LOOK_AGAIN_S)
        with self._lock:
            if isinstance(said, Answered):
                self._answered()
            elif isinstance(said, Readied):
                self._ready()
            elif not self._reloading:
                self._note(said)
                self.inbox.put(said)
            elif isinstance(said, EngineStarted | Progressed):
                self.inbox.put(said)
            elif isinstance(said, ModelLoaded):
                self._has_pair = True
            elif isinstance(said, Refused):
                self._refusal = said

    def _ready(self) -> None:
        self._readied = True
        if self._tasks and self._tasks[0].cancelled:
            self._be_patient(self._tasks[0])

    def _note(self, event: Event) -> None:
        """Keep what is needed should the process end before the command does."""
        if self._tasks and self._tasks[0].command.ends_with(event):
            self._tasks[0].told = True
        if isinstance(event, RunStarted):
            self._run = RunSoFar(event)
        elif self._run is not None:
            self._run.take(event)
        elif isinstance(event, ModelLoaded) and isinstance(command := self._tasks[0].command, Load):
            self._pair, self._has_pair = command, True

    def _answered(self) -> None:
        self._calm()
        refusal, self._refusal = self._refusal, None
        if self._reloading:
            self._tasks[0].handed = self._reloading = False
            if refusal is not None and not self._tasks[0].cancelled:
                self._answer(replace(refusal, what=self._tasks[0].command.name))
        else:
            self._tasks.popleft()
        self._run = None
        self._advance()

    def _calm(self) -> None:
        """What was to be stopped has stopped."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._urgent = None, self._closing

    def _child_ended(self, ending: Ending) -> None:
        run, end = self._end_of_run(ending)
        if run is not None and end is not None:
            self._save(run, end)  # without the lock: a slow disk must not hold the window
        with self._lock:
            asked, self._dying = self._dying, False
            self._child, self._reloading, self._refusal = None, False, None
            if self._tasks and self._tasks[0].told:
                self._tasks.popleft()
            if self._tasks and self._tasks[0].handed:
                self._end_first(ending, end)
            elif not (asked or self._closing):
                self.inbox.put(EngineEnded(*endings.words(ending)))
            self._run = None
            self._advance()

    def _end_of_run(self, ending: Ending) -> tuple[RunSoFar | None, RunFinished | RunFailed | None]:
        """The run that the process left behind, and how it ends; nothing where there is none."""
        with self._lock:
            self._calm()
            task = self._tasks[0] if self._tasks else None
            if self._run is None or task is None or task.told or not task.handed:
                return None, None
            return self._run, self._run.stopped() if task.cancelled else self._run.failed(ending)

    def _end_first(self, ending: Ending, end: RunFinished | RunFailed | None) -> None:
        """Answer the command that the process left behind; end: that of a run, which is saved."""
        task, what = self._tasks[0], self._tasks[0].command.name
        if isinstance(task.command, Unload):
            self._pair = None
            self._answer(ModelUnloaded())
        elif end is not None:
            self._answer(end)
        elif task.cancelled:
            self._answer(Refused(what, "stopped by the user", task.command.after_stop))
        elif task.command.is_run:
            self._answer(RunFailed(*endings.words(ending), ending.tail))
        else:
            self._answer(Refused(what, *endings.words(ending), ending.tail))

    def _save(self, run: RunSoFar, end: RunFinished | RunFailed) -> None:
        try:
            if self._runs is not None:
                run.save(self._runs, end)
        except EngineError as err:
            self.inbox.put(Refused("save", f"the end of the run is not saved: {err.message}", "free the disk"))


def _held(task: _Task) -> Command:
    """The command, a run with what was asked of it before it could begin: no round may slip through."""
    command = task.command
    if not isinstance(command, Run):
        return command
    n_allowed = command.n_free if command.paused else None
    for steer in task.steers:
        match steer:
            case Pause():
                n_allowed = 0
            case Step():
                n_allowed = (n_allowed or 0) + 1
            case Resume():
                n_allowed = None
    return replace(command, paused=n_allowed is not None, n_free=n_allowed or 0)
